#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "runtime/core/clock.hpp"

namespace troupe::jwt {

/// When keys are fetched: at the start, then every few minutes, so that a withdrawn key goes, and
/// sooner when somebody wants it; but never again within 6.5 s, which makes ten in a minute at most
/// whatever callers send. Pure.
class refresh_schedule {
 public:
  static constexpr std::chrono::milliseconds least_pause{6'500};
  static constexpr std::chrono::minutes usual_pause{5};

  void begin(monotonic_time now) {
    last_ = now;
    wanted_ = false;
  }
  /// As soon as may be.
  void want() { wanted_ = true; }

  [[nodiscard]] monotonic_time next() const {
    if (!last_) return monotonic_time::min();
    return *last_ + (wanted_ ? std::chrono::milliseconds(least_pause)
                             : std::chrono::milliseconds(usual_pause));
  }
  /// Whether one that is wanted now would begin now.
  [[nodiscard]] bool may_begin(monotonic_time now) const {
    return !last_ || now >= *last_ + least_pause;
  }

 private:
  std::optional<monotonic_time> last_;
  bool wanted_ = false;
};

}  // namespace troupe::jwt
