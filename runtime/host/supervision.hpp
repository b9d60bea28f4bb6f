#pragma once

#include <chrono>

namespace troupe::host {

/// What a supervisor does when a child fails.
///
/// The child is started again after a delay: none if `min_delay` is 0, else exponential from
/// `min_delay` to `max_delay` with up to `jitter` of it added at random, so that many children do
/// not come back in step. More than `max_restarts` failures within `window`: the supervisor gives
/// up on the child, stops its other children and fails itself, which is its own supervisor's
/// business. When the root gives up, the node is not ready until a person restarts the child.
struct restart_policy {
  std::chrono::milliseconds min_delay{0};
  std::chrono::milliseconds max_delay{10'000};
  double jitter = 0.2;  ///< 0 to 1
  unsigned max_restarts = 5;
  std::chrono::milliseconds window{10'000};

  /// The delay before restart number `attempt` (from 0) in a row; `random` is uniform in [0, 1).
  [[nodiscard]] std::chrono::milliseconds delay(unsigned attempt, double random) const;
};

}  // namespace troupe::host
