// Messages and a whole aggregate and projector, for the cases to leave something out of.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "runtime/core/feature.hpp"

namespace lamps {

// NOLINTBEGIN(readability-identifier-naming): messages keep their schema's names.
struct Press {};
struct Break {};
struct Lit {};
struct Broken {};
// NOLINTEND(readability-identifier-naming)
inline void to_json(troupe::json& out, const Press&) { out = troupe::json::object(); }
inline void from_json(const troupe::json&, Press&) {}
inline void to_json(troupe::json& out, const Break&) { out = troupe::json::object(); }
inline void from_json(const troupe::json&, Break&) {}
inline void to_json(troupe::json& out, const Lit&) { out = troupe::json::object(); }
inline void from_json(const troupe::json&, Lit&) {}
inline void to_json(troupe::json& out, const Broken&) { out = troupe::json::object(); }
inline void from_json(const troupe::json&, Broken&) {}
constexpr std::string_view message_type(const Press*) { return "Press"; }
constexpr std::string_view message_type(const Break*) { return "Break"; }
constexpr std::string_view message_type(const Lit*) { return "Lit"; }
constexpr std::string_view message_type(const Broken*) { return "Broken"; }

struct lamp_state {
  bool lit = false;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(lamp_state, lit)

using event = std::variant<Lit, Broken>;
using context = troupe::command_context;

/// What every case has; each adds the rest but for one thing.
struct lamp_base {
  static constexpr std::string_view category = "lamps";
  using command = std::variant<Press, Break>;
  using event = lamps::event;
  using state = lamp_state;
};

struct light_row {
  std::string id;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(light_row, id)

struct lights_base {
  static constexpr std::string_view view = "lights";
  static constexpr std::string_view key = "id";
  static constexpr std::string_view category = "lamps";
  using event = lamps::event;
  using row = light_row;
};

}  // namespace lamps
