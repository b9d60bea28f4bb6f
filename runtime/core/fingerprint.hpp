#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/core/json.hpp"

namespace troupe {

/// What decides whether a saved state can still be used.
struct state_form {
  json initial_state;            ///< The default state: its members' names and types.
  json events;                   ///< The names and versions of the events that it is folded from.
  std::string_view json_schema;  ///< Of the aggregate's messages.
  int snapshot_version = 1;      ///< The aggregate's own count of changes in meaning.
};

/// A short text that is another one when a state's shape, or what it is folded from, is: members
/// added, removed, renamed or of another type; events added, lifted to a new version or of another
/// schema (comments apart); another `snapshot_version`. Values do not matter.
///
/// Not seen: what is inside a container that starts empty, and what `evolve` makes of the events.
/// Who changes only those counts `snapshot_version` up.
std::string fingerprint_of(const state_form& form);

}  // namespace troupe
