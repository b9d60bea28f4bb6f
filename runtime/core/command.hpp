#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/core/clock.hpp"
#include "runtime/core/envelope.hpp"

namespace troupe {

/// What a command brings besides its data. All time and all ids that the domain may use are here.
struct command_context {
  std::string command_id;
  std::string trace_id;            ///< One per request; carried from the command to its events.
  std::string user_id;             ///< The caller; "" when unknown.
  std::vector<std::string> roles;  ///< The caller's, as their token says.
  std::string correlation_id;      ///< The conversation this belongs to; the trace id unless given.
  std::string causation_id;        ///< The message that caused this command; "" for a caller's own.
  std::string traceparent;         ///< W3C trace context; "" when absent.
  timestamp time{};                ///< When the command was received.
};

/// A command on its way to its entity, validated against its schema.
struct command {
  stream_id stream;
  std::string type;
  json data = json::object();
  command_context context;
  /// The caller chose the command id, so a repeat is possible and the outcome is kept.
  bool id_given = false;
  /// Refuse with `outcome_status::version_mismatch` unless the entity is at this version.
  std::optional<version_t> expected_version;
  /// After this moment nobody waits for the outcome: the command is dropped if it has not been
  /// decided.
  monotonic_time deadline = monotonic_time::max();

  /// Tells apart two different commands sent under one command id.
  [[nodiscard]] std::uint64_t digest() const;
};

enum class outcome_status {
  accepted,          ///< Durable; `events` may be empty when nothing changed.
  rejected,          ///< The domain said no; `code` is the feature's.
  invalid,           ///< Against the schema or malformed; `fields` say where.
  forbidden,         ///< The feature's rules do not let this caller do it; nothing was stored.
  not_found,         ///< No such category, entity type or command.
  version_mismatch,  ///< `expected_version` did not hold; `version` is the actual one.
  id_reused,         ///< The command id was used before with another body.
  conflict,          ///< Lost the race for the entity's next version too often; nothing stored.
  overloaded,        ///< Shed before anything was done; try again after `retry_after`.
  unavailable,       ///< The log is away; nothing stored.
  failed,            ///< A bug or a crash; nothing stored.
  in_doubt,  ///< It could not be found out before the deadline whether the command was stored.
};

/// "accepted", "version-mismatch", …
const char* to_string(outcome_status status) noexcept;

/// One event of an accepted command, as the caller sees it.
struct event_ref {
  std::string id;
  std::string type;
  version_t version = 0;

  friend bool operator==(const event_ref&, const event_ref&) = default;
};

/// Where in the data something is wrong. The path is a JSON pointer.
struct field_error {
  std::string path;
  std::string message;

  friend bool operator==(const field_error&, const field_error&) = default;
};

/// What became of a command.
struct command_outcome {
  outcome_status status = outcome_status::in_doubt;
  stream_id stream;
  std::string command_id;
  version_t version = 0;    ///< The entity's version after the command.
  position_t position = 0;  ///< Of the commit; of the entity's last known commit when there were no
                            ///< events; 0 if none.
  std::vector<event_ref> events;
  std::string
      code;  ///< Machine-readable reason when not accepted ("account-locked", "overloaded").
  std::string detail;  ///< One sentence for people when not accepted.
  std::vector<field_error> fields;
  int retry_after = 0;  ///< Seconds; 0 when a retry is pointless or may be immediate.

  friend bool operator==(const command_outcome&, const command_outcome&) = default;
};

/// An outcome with everything needed to give the same answer again; used by the outcome store.
json to_json(const command_outcome& outcome);
result<command_outcome> outcome_from_json(const json& value);

}  // namespace troupe
