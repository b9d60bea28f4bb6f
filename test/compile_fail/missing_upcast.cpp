// An event that says it has a second form, without a step that lifts the first one.
#include "test/compile_fail/messages.hpp"

namespace lamps {

constexpr std::uint32_t schema_version(const Lit*) { return 2; }

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

}  // namespace lamps

troupe::feature feature() { return troupe::feature("lamps").with_aggregate<lamps::lamp>("{}"); }
