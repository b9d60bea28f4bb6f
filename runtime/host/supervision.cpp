#include "runtime/host/supervision.hpp"

#include <algorithm>

namespace troupe::host {

std::chrono::milliseconds restart_policy::delay(unsigned attempt, double random) const {
  if (min_delay.count() == 0) return min_delay;
  // Past 30 doublings every delay is above the maximum, and the shift must not overflow.
  const auto doubled = min_delay * (std::int64_t{1} << std::min(attempt, 30U));
  const auto base = std::min(doubled, max_delay);
  return base + std::chrono::milliseconds(
                    static_cast<std::int64_t>(static_cast<double>(base.count()) * jitter * random));
}

}  // namespace troupe::host
