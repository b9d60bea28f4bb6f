#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/core/event_log.hpp"

namespace troupe {

/// Reads a category commit by commit, up to and including a position.
class commit_reader {
 public:
  /// `name` says in errors which log is meant ("the source"). Starts at `from`.
  commit_reader(event_log& log, std::string name, std::string category, position_t from,
                position_t until);

  /// The next commit; nothing at the end. An error names the position behind which the log cannot
  /// be read; `corrupt` also for positions that do not rise.
  result<std::optional<recorded_commit>> next();

  /// Of the commit that `next` gave last.
  [[nodiscard]] position_t position() const { return position_; }

 private:
  result<void> fill();

  event_log& log_;
  const std::string name_;
  const std::string category_;
  const position_t until_;
  position_t position_;
  std::vector<recorded_commit> ready_;
  std::size_t taken_ = 0;
  bool at_end_ = false;
};

/// Events of a category from a position on: whole commits, together about `limit` events at most.
result<std::vector<recorded_event>> read_events(event_log& log, const std::string& category,
                                                position_t from, std::size_t limit);

}  // namespace troupe
