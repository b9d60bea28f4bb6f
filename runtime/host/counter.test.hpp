#pragma once

#include <atomic>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <variant>

#include "runtime/core/feature.hpp"

/// A small feature for the host's tests: a counter that can be made to crash.
namespace counting {

struct Add {
  int amount = 0;
};
struct AddTwice {
  int amount = 0;
};
/// Refused unless the counter stands at `at`.
struct Confirm {
  int at = 0;
};
struct Crash {};
/// Adds 1 to a new counter, crashes on any other.
struct CrashUnlessNew {};
struct Added {
  int amount = 0;
};

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Add, amount)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(AddTwice, amount)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Confirm, at)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Added, amount)
inline void to_json(nlohmann::json& out, const Crash&) { out = nlohmann::json::object(); }
inline void from_json(const nlohmann::json&, Crash&) {}
inline void to_json(nlohmann::json& out, const CrashUnlessNew&) { out = nlohmann::json::object(); }
inline void from_json(const nlohmann::json&, CrashUnlessNew&) {}

constexpr std::string_view message_type(const Add*) { return "Add"; }
constexpr std::string_view message_type(const AddTwice*) { return "AddTwice"; }
constexpr std::string_view message_type(const Confirm*) { return "Confirm"; }
constexpr std::string_view message_type(const Crash*) { return "Crash"; }
constexpr std::string_view message_type(const CrashUnlessNew*) { return "CrashUnlessNew"; }
constexpr std::string_view message_type(const Added*) { return "Added"; }

struct counter {
  static constexpr std::string_view category = "counting";
  using command = std::variant<Add, AddTwice, Confirm, Crash, CrashUnlessNew>;
  using event = std::variant<Added>;
  struct state {
    int total = 0;
    NLOHMANN_DEFINE_TYPE_INTRUSIVE(state, total)
  };

  static troupe::decision<event> decide(const state&, const Add& one,
                                        const troupe::command_context&) {
    if (one.amount == 0) return troupe::no_change;
    return Added{one.amount};
  }
  static troupe::decision<event> decide(const state&, const AddTwice& one,
                                        const troupe::command_context&) {
    return std::vector<event>{Added{one.amount}, Added{one.amount}};
  }
  static troupe::decision<event> decide(const state& now, const Confirm& one,
                                        const troupe::command_context&) {
    if (now.total != one.at)
      return troupe::reject("not-there", "the counter stands at " + std::to_string(now.total));
    return troupe::no_change;
  }
  static troupe::decision<event> decide(const state&, const Crash&,
                                        const troupe::command_context&) {
    throw std::runtime_error("planted crash");
  }
  static troupe::decision<event> decide(const state& now, const CrashUnlessNew&,
                                        const troupe::command_context&) {
    if (now.total != 0) throw std::runtime_error("planted crash");
    return Added{1};
  }
  static state evolve(state now, const Added& one) {
    now.total += one.amount;
    return now;
  }
};

/// The amount whose event the projector throws on; 0 for none.
inline std::atomic<int> poison{0};

/// The amount on whose event the projector stays until another is set; 0 for none.
inline std::atomic<int> held{0};
/// Whether it stays there now.
inline std::atomic<bool> holds{false};

struct totals {
  static constexpr std::string_view view = "totals";
  static constexpr std::string_view key = "id";
  static constexpr std::string_view category = "counting";
  using event = counter::event;
  struct row {
    std::string id;
    int total = 0;
    NLOHMANN_DEFINE_TYPE_INTRUSIVE(row, id, total)
  };
  static std::string key_of(const troupe::recorded<Added>& one) { return one.stream.id; }
  static row project(row now, const troupe::recorded<Added>& one) {
    if (poison != 0 && one.data.amount == poison) throw std::runtime_error("planted poison");
    while (held != 0 && one.data.amount == held) {
      holds = true;
      std::this_thread::yield();
    }
    holds = false;
    now.id = one.stream.id;
    now.total += one.data.amount;
    return now;
  }
};

inline troupe::feature feature() {
  return troupe::feature("counting")
      .with_aggregate<counter>("{}")
      .with_view<totals>()
      .with_view_migrations(
          {{"000001_totals.up.sql", "CREATE TABLE totals (id text PRIMARY KEY, total integer)"}});
}

}  // namespace counting
