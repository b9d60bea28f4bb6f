#pragma once

#include <chrono>
#include <string>

#include "runtime/core/clock.hpp"

namespace troupe::host {

/// When a component that has work and does nothing is noticed, and what is tried then.
struct watch_policy {
  std::chrono::milliseconds every{1'000};          ///< Between two looks.
  std::chrono::milliseconds stalled_after{5'000};  ///< Without any progress.
  /// Between two restarts of what does not come on by itself.
  std::chrono::milliseconds restart_every{10'000};
  unsigned max_restarts = 4;  ///< Without any progress in between; from then on it is only shown.
};

/// A component that is assigned work and does not advance.
struct stalled_component {
  std::string path;
  std::string kind;
  std::string cause;   ///< "busy", "log", "view-store", "start", "channel" or "lost".
  std::string detail;  ///< The cause as a sentence, with its last error.
  monotonic_time since{};
  unsigned restarts = 0;  ///< By the watchdog, since it stalled.
};

}  // namespace troupe::host
