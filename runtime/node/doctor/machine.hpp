#pragma once

#include <optional>
#include <vector>

#include "runtime/core/clock.hpp"
#include "runtime/core/diagnosis.hpp"
#include "runtime/core/json.hpp"
#include "runtime/node/settings.hpp"

namespace troupe {

/// Whether a node could write to its data directory, and for how long.
std::vector<diagnosis> examine_disk(const settings& options);
/// Whether the clock can be right: set, kept so, and not behind what nodes wrote.
diagnosis examine_clock(const settings& options, timestamp now);
/// Whether a node could listen. `running`: what `/admin/cluster` of the node at `--admin` says, if
/// one answers; its own ports are not in its way.
std::vector<diagnosis> examine_ports(const settings& options, const std::optional<json>& running);
/// Whether there are files enough for all connections.
diagnosis examine_open_files(const settings& options);

}  // namespace troupe
