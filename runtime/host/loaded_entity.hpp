#pragma once

#include <memory>
#include <optional>

#include "runtime/core/aggregate.hpp"
#include "runtime/core/event_log.hpp"

namespace troupe::host {

/// An entity as its stream says it is.
struct loaded_entity {
  std::unique_ptr<entity> state;
  version_t version = 0;    ///< 0: no events yet.
  position_t position = 0;  ///< Of its last commit.
};

/// Folds an entity from its stream, up to and including `until` when given. Errors: those of the
/// log; `corrupt` for an event that cannot be read or a hole in the versions, naming the position.
/// Blocks on the log.
result<loaded_entity> load_entity(event_log& log, const aggregate_kernel& kernel,
                                  const stream_id& stream,
                                  std::optional<version_t> until = std::nullopt);

}  // namespace troupe::host
