// A projector that does not name the row of one of its events.
#include "test/compile_fail/messages.hpp"

namespace lamps {

struct lights : lights_base {
  static std::string key_of(const troupe::recorded<Lit>&) { return "1"; }
  static row project(row now, const troupe::recorded<Lit>&) { return now; }
  static std::optional<row> project(row, const troupe::recorded<Broken>&) { return std::nullopt; }
};

troupe::feature feature() { return troupe::feature("lamps").with_view<lights>(); }

}  // namespace lamps
