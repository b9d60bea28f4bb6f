// A state that cannot become JSON, so it can be neither saved nor inspected.
#include "test/compile_fail/messages.hpp"

namespace lamps {

struct opaque {};

struct lamp : lamp_base {
  using state = opaque;
  static troupe::decision<event> decide(const state&, const Press&, const context&) {
    return Lit{};
  }
  static troupe::decision<event> decide(const state&, const Break&, const context&) {
    return Broken{};
  }
  static state evolve(state, const Lit&) { return {}; }
  static state evolve(state, const Broken&) { return {}; }
};

troupe::feature feature() { return troupe::feature("lamps").with_aggregate<lamp>("{}"); }

}  // namespace lamps
