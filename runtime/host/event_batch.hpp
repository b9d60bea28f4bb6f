#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/core/event_log.hpp"

namespace troupe::host {

/// One commit as a projector gets it: its events, or why they cannot be read.
struct delivered_commit {
  recorded_commit commit;  ///< Its body is dropped once it is decoded.
  std::vector<recorded_event> events;
  std::string unreadable;  ///< "" when `events` are good.
};

using delivered_ptr = std::shared_ptr<const delivered_commit>;

/// Consecutive commits of a category. Shared by all projectors that are at the same place.
struct event_batch {
  position_t from = 0;  ///< What was asked for: all commits from here to `last` are in it.
  position_t last = 0;  ///< Position of the last commit.
  std::vector<delivered_ptr> commits;
};

/// Whether this event is read from the log just as it is here: JSON's text has no infinite numbers
/// and no bytes.
bool survives_storage(const envelope& event);

/// Reads and decodes the next commits of a category. Empty `commits` when there are none. Blocks on
/// the log.
result<event_batch> read_batch(event_log& log, const std::string& category, position_t from,
                               std::size_t max_commits);

}  // namespace troupe::host
