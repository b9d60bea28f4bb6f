#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "runtime/core/aggregate.hpp"
#include "runtime/core/event_log.hpp"

namespace troupe::host {

/// An entity as its stream says it is.
struct loaded_entity {
  std::unique_ptr<entity> state;
  version_t version = 0;    ///< 0: no events yet.
  position_t position = 0;  ///< Of its last commit.
  version_t snapshot = 0;   ///< Version of the snapshot that it was folded on from; 0 if none.
  std::uint64_t last_command = 0;  ///< `digest_of` the id of the command that made the last commit.
};

/// What a snapshot's `schema` says: the form of the state, and which history it is of. A log that
/// was restored from a backup may hold other events at the same version and position.
std::string snapshot_schema(const aggregate_kernel& kernel, std::uint64_t last_command);

enum class use_snapshots { yes, no };

/// Folds an entity from its newest snapshot and the rest of its stream, up to and including `until`
/// when given. A snapshot is passed over when it is later than that, of another form of the state,
/// does not decode, or is not borne out by the stream: then the fold starts at the first event.
/// Errors: those of the log; `corrupt` for an event that cannot be read or a hole in the versions,
/// `unsupported` for an event of a newer program, naming the position. Blocks on the log.
result<loaded_entity> load_entity(event_log& log, const aggregate_kernel& kernel,
                                  const stream_id& stream,
                                  std::optional<version_t> until = std::nullopt,
                                  use_snapshots snapshots = use_snapshots::yes);

}  // namespace troupe::host
