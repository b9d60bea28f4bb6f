#pragma once

#include <map>
#include <optional>
#include <vector>

#include "runtime/core/event_log.hpp"

namespace troupe::nats {

/// What is at the newest positions of a category that this node has seen, its own commits and what
/// it has read: bounded in number and in bytes.
class recent_positions {
 public:
  static constexpr std::size_t most = 4096;

  /// `what` is nothing where there is no event, but a command. What is older than all that is kept
  /// is not worth its room.
  void add(position_t position, std::optional<recorded_commit> what);
  /// The events from `first` to `last`, in order; positions of which nothing is known are added to
  /// `unknown`.
  std::vector<recorded_commit> events(position_t first, position_t last,
                                      std::vector<position_t>& unknown) const;

 private:
  std::map<position_t, std::optional<recorded_commit>> kept_;
  std::size_t bytes_ = 0;  ///< Of the bodies.
};

}  // namespace troupe::nats
