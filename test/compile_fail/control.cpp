// The control: with nothing left out it compiles.
#include "test/compile_fail/messages.hpp"

namespace lamps {

struct lamp : lamp_base {
  static troupe::decision<event> decide(const state&, const Press&, const context&) {
    return Lit{};
  }
  static troupe::decision<event> decide(const state&, const Break&, const context&) {
    return Broken{};
  }
  static state evolve(state, const Lit&) { return {true}; }
  static state evolve(state, const Broken&) { return {false}; }
};

struct lights : lights_base {
  template <class E>
  static std::string key_of(const troupe::recorded<E>& event) {
    return event.stream.id;
  }
  static row project(row now, const troupe::recorded<Lit>&) { return now; }
  static std::optional<row> project(row, const troupe::recorded<Broken>&) { return std::nullopt; }
};

troupe::feature feature() {
  return troupe::feature("lamps")
      .with_aggregate<lamp>("{}")
      .with_view<lights>()
      .with_private_table<lights>();
}

}  // namespace lamps
