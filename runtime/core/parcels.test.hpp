#pragma once

#include <array>
#include <string>
#include <string_view>
#include <variant>

#include "runtime/core/feature.hpp"

/// A small feature for tests, one of whose events has had three forms and two names.
namespace parcels {

// NOLINTBEGIN(readability-identifier-naming): messages keep their schema's names.
struct Send {
  int grams = 0;
};
/// Version 1 was `Posted {weight: "2.5 kg"}`, version 2 `Posted {kilograms: 2.5}`.
struct Sent {
  int grams = 0;
};
// NOLINTEND(readability-identifier-naming)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Send, grams)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Sent, grams)
constexpr std::string_view message_type(const Send*) { return "Send"; }
constexpr std::string_view message_type(const Sent*) { return "Sent"; }
constexpr std::uint32_t schema_version(const Sent*) { return 3; }
constexpr std::array<std::string_view, 1> former_names(const Sent*) { return {"Posted"}; }
inline troupe::json upcast(const Sent*, std::uint32_t from, troupe::json data) {
  if (from == 1) return {{"kilograms", std::stod(data.at("weight").get<std::string>())}};
  if (data.at("kilograms") == 13) throw 13;
  return {{"grams", static_cast<int>(data.at("kilograms").get<double>() * 1000)}};
}

struct parcel {
  static constexpr std::string_view category = "parcels";
  using command = std::variant<Send>;
  using event = std::variant<Sent>;
  struct state {
    int grams = 0;
  };
  static troupe::decision<event> decide(const state&, const Send& one,
                                        const troupe::command_context&) {
    return Sent{one.grams};
  }
  static state evolve(state, const Sent& one) { return {one.grams}; }
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(parcel::state, grams)

struct weights {
  static constexpr std::string_view view = "weights";
  static constexpr std::string_view key = "id";
  static constexpr std::string_view category = "parcels";
  using event = parcel::event;
  struct row {
    std::string id;
    int grams = 0;
  };
  static std::string key_of(const troupe::recorded<Sent>& one) { return one.stream.id; }
  static row project(row, const troupe::recorded<Sent>& one) {
    return {one.stream.id, one.data.grams};
  }
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(weights::row, id, grams)

inline troupe::feature feature() {
  return troupe::feature("parcels")
      .with_aggregate<parcel>("{}")
      .with_view<weights>()
      .with_view_migrations(
          {{"000001_weights.up.sql", "CREATE TABLE weights (id text PRIMARY KEY, grams integer)"}});
}

}  // namespace parcels
