#pragma once

#include <optional>
#include <vector>

#include "runtime/core/diagnosis.hpp"
#include "runtime/core/json.hpp"
#include "runtime/node/cli/node_caller.hpp"

namespace troupe {

/// What a running node says of itself.
struct examined_node {
  std::optional<json> cluster;  ///< Its `/admin/cluster`; nothing when no node answers.
  std::vector<diagnosis> found;
};

/// Whether a node answers at `url`, is ready, and what of it waits for a person: projections that
/// stand or lag, parked events.
examined_node examine_node(const node_caller& caller, const std::string& url);

}  // namespace troupe
