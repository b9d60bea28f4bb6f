#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "runtime/core/result.hpp"

namespace troupe {

/// Wall-clock time in UTC, to the millisecond.
using timestamp = std::chrono::sys_time<std::chrono::milliseconds>;

/// Time that never jumps, for deadlines and intervals.
using monotonic_time = std::chrono::steady_clock::time_point;

/// "2026-01-31T12:34:56.789Z"
std::string format_time(timestamp time);

/// The inverse of `format_time`; also accepts a missing fraction.
result<timestamp> parse_time(std::string_view text);

/// Where time comes from. Thread-safe.
class clock {
 public:
  virtual ~clock() = default;
  [[nodiscard]] virtual timestamp now() const = 0;
  [[nodiscard]] virtual monotonic_time monotonic() const = 0;
};

/// The machine's clocks.
class system_clock final : public clock {
 public:
  [[nodiscard]] timestamp now() const override;
  [[nodiscard]] monotonic_time monotonic() const override;
};

/// Where fresh ids come from. Thread-safe.
class id_source {
 public:
  virtual ~id_source() = default;
  /// A new id, unique everywhere, rising with time (UUID version 7), so that indexes grow at their
  /// end.
  virtual std::string next() = 0;
};

/// UUID version 7 from a clock and the machine's entropy.
class uuid_source final : public id_source {
 public:
  explicit uuid_source(const clock& time) : clock_(time) {}
  std::string next() override;

 private:
  const clock& clock_;
};

}  // namespace troupe
