// A decide that wants to change the state: only evolve may.
#include "test/compile_fail/messages.hpp"

namespace lamps {

struct lamp : lamp_base {
  static troupe::decision<event> decide(const state&, const Press&, const context&) {
    return Lit{};
  }
  static troupe::decision<event> decide(state&, const Break&, const context&) { return Broken{}; }
  static state evolve(state, const Lit&) { return {true}; }
  static state evolve(state, const Broken&) { return {false}; }
};

troupe::feature feature() { return troupe::feature("lamps").with_aggregate<lamp>("{}"); }

}  // namespace lamps
