// Rules that say nothing on one of the commands.
#include "test/compile_fail/messages.hpp"

namespace lamps {

struct lamp : lamp_base {
  static troupe::decision<event> decide(const state&, const Press&, const context&) {
    return Lit{};
  }
  static troupe::decision<event> decide(const state&, const Break&, const context&) {
    return Broken{};
  }
  static state evolve(state now, const Lit&) { return now; }
  static state evolve(state now, const Broken&) { return now; }
};

struct lamp_rules {
  using aggregate = lamp;
  static troupe::verdict may(const troupe::caller&, const std::string&, const Press&) {
    return troupe::verdict::allowed();
  }
};

troupe::feature feature() { return troupe::feature("lamps").with_rules<lamp_rules>(); }

}  // namespace lamps
