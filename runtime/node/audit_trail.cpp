#include "runtime/node/audit_trail.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <utility>
#include <variant>

namespace troupe {
namespace {

constexpr auto longest_wait = std::chrono::seconds(30);
constexpr std::size_t longest_id = 128;

struct entry {
  std::string who;
  std::string from;
  std::string method;
  std::string target;
  int status = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(entry, who, from, method, target, status)

struct RecordChange : entry {};
struct ChangeRecorded : entry {};

constexpr std::string_view message_type(const RecordChange*) { return "RecordChange"; }
constexpr std::string_view message_type(const ChangeRecorded*) { return "ChangeRecorded"; }

/// Every change becomes an event; of the past the state knows how many there were.
struct trail {
  static constexpr std::string_view category = audit_trail::category;
  using command = std::variant<RecordChange>;
  using event = std::variant<ChangeRecorded>;
  struct state {
    std::uint64_t changes = 0;
    NLOHMANN_DEFINE_TYPE_INTRUSIVE(state, changes)
  };

  static decision<event> decide(const state&, const RecordChange& one, const command_context&) {
    return ChangeRecorded{one};
  }
  static state evolve(state now, const ChangeRecorded&) { return {now.changes + 1}; }
};

constexpr std::string_view schema = R"({
  "$schema": "http://json-schema.org/draft-07/schema#",
  "definitions": {
    "RecordChange": {"$ref": "#/definitions/Change"},
    "ChangeRecorded": {"$ref": "#/definitions/Change"},
    "Change": {
      "type": "object",
      "properties": {
        "who": {"type": "string"},
        "from": {"type": "string"},
        "method": {"type": "string"},
        "target": {"type": "string"},
        "status": {"type": "integer"}
      },
      "required": ["who", "from", "method", "target", "status"],
      "additionalProperties": false
    }
  }
})";

std::string as_entity_id(std::string node) {
  node.resize(std::min(node.size(), longest_id));
  for (auto& c : node) {
    if (!check_entity_id(std::string_view(&c, 1))) c = '-';
  }
  return check_entity_id(node) ? node : "node-" + node;
}

}  // namespace

std::string to_line(const admin_change& change) {
  return change.who + " (" + change.from + ") " + change.method + ' ' + change.target + ": " +
         std::to_string(change.status);
}

std::vector<feature> audit_trail::beside(std::vector<feature> features) {
  features.push_back(feature(category).with_aggregate<trail>(schema));
  return features;
}

audit_trail::audit_trail(std::string node, host::engine& engine, const clock& time, id_source& ids)
    : stream_{category, as_entity_id(std::move(node))}, engine_(engine), clock_(time), ids_(ids) {}

void audit_trail::keep(const admin_change& change,
                       std::function<void(const std::string& why)> lost) {
  command one;
  one.stream = stream_;
  one.type = message_type(static_cast<const RecordChange*>(nullptr));
  one.data = entry{change.who, change.from, change.method, change.target, change.status};
  one.context.command_id = ids_.next();
  one.context.trace_id = change.trace_id;
  one.context.correlation_id = change.trace_id;
  one.context.user_id = change.who;
  one.context.time = clock_.now();
  one.deadline = clock_.monotonic() + longest_wait;
  // Here, whoever owns the entity in the cluster: nobody else writes to a node's own stream.
  engine_.submit_here(std::move(one), [lost = std::move(lost)](const command_outcome& outcome) {
    if (outcome.status != outcome_status::accepted) lost(outcome.detail);
  });
}

}  // namespace troupe
