#pragma once

#include <iosfwd>
#include <string>

#include "runtime/core/clock.hpp"

namespace troupe {

/// Where a command writes.
struct command_output {
  std::ostream& out;
  std::ostream& err;
  bool terminal = false;  ///< `err` is one.
};

/// Shows how long work goes on: on a terminal one line that is drawn anew, elsewhere a line every
/// ten seconds.
class progress_line {
 public:
  progress_line(std::ostream& out, bool terminal, const clock& time)
      : out_(out), terminal_(terminal), clock_(time) {}
  /// The line goes.
  ~progress_line() { clear(); }
  progress_line(const progress_line&) = delete;
  progress_line& operator=(const progress_line&) = delete;

  /// `what` is being done; `count` of `things` so far, which is `part` (0 to 1) of the whole.
  /// Another `what` starts the clock of rate and time left.
  void show(const std::string& what, std::uint64_t count, const char* things, double part);
  /// Leaves the terminal's line empty.
  void clear();

 private:
  std::ostream& out_;
  const bool terminal_;
  const clock& clock_;
  std::string what_;
  monotonic_time started_{};
  monotonic_time next_{};
  double first_part_ = 0;
  std::uint64_t first_count_ = 0;
  bool drawn_ = false;
};

}  // namespace troupe
