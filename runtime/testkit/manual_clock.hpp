#pragma once

#include <mutex>

#include "runtime/core/clock.hpp"

namespace troupe::testkit {

/// When scenarios and manual clocks start, unless told otherwise: 2026-01-01T00:00:00.000Z.
inline constexpr timestamp default_time =
    std::chrono::sys_days(std::chrono::year(2026) / std::chrono::January / 1);

/// A clock that stands still until the test moves it. Thread-safe.
class manual_clock final : public clock {
 public:
  explicit manual_clock(timestamp start = default_time) : now_(start) {}

  [[nodiscard]] timestamp now() const override {
    const std::lock_guard lock(mutex_);
    return now_;
  }

  [[nodiscard]] monotonic_time monotonic() const override {
    const std::lock_guard lock(mutex_);
    return monotonic_;
  }

  /// Time passes: both clocks move on.
  void advance(std::chrono::milliseconds duration) {
    const std::lock_guard lock(mutex_);
    now_ += duration;
    monotonic_ += duration;
  }

  /// Somebody sets the wall clock, forward or back; monotonic time is not affected.
  void set(timestamp now) {
    const std::lock_guard lock(mutex_);
    now_ = now;
  }

 private:
  mutable std::mutex mutex_;
  timestamp now_;
  monotonic_time monotonic_{std::chrono::hours(1)};
};

}  // namespace troupe::testkit
