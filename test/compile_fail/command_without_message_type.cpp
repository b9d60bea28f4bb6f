// A command without a message type: no name on the wire.
#include "test/compile_fail/messages.hpp"

namespace lamps {

struct Paint {};
inline void to_json(troupe::json& out, const Paint&) { out = troupe::json::object(); }
inline void from_json(const troupe::json&, Paint&) {}

struct lamp : lamp_base {
  using command = std::variant<Press, Break, Paint>;
  static troupe::decision<event> decide(const state&, const Press&, const context&) {
    return Lit{};
  }
  static troupe::decision<event> decide(const state&, const Break&, const context&) {
    return Broken{};
  }
  static troupe::decision<event> decide(const state&, const Paint&, const context&) {
    return Lit{};
  }
  static state evolve(state, const Lit&) { return {true}; }
  static state evolve(state, const Broken&) { return {false}; }
};

troupe::feature feature() { return troupe::feature("lamps").with_aggregate<lamp>("{}"); }

}  // namespace lamps
