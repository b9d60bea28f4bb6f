// A projector that does not project one of its events.
#include "test/compile_fail/messages.hpp"

namespace lamps {

struct lights : lights_base {
  template <class E>
  static std::string key_of(const troupe::recorded<E>& event) {
    return event.stream.id;
  }
  static row project(row now, const troupe::recorded<Lit>&) { return now; }
};

troupe::feature feature() { return troupe::feature("lamps").with_view<lights>(); }

}  // namespace lamps
