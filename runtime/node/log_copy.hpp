#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "runtime/core/event_log.hpp"

namespace troupe {

/// What became of one category.
struct copied_category {
  std::string category;
  std::uint64_t commits = 0;       ///< In the target, all compared with the source's at the end.
  std::uint64_t events = 0;        ///< In these commits.
  std::uint64_t entities = 0;      ///< Whose first commit is among them.
  std::uint64_t present = 0;       ///< Commits that had been in the target before.
  position_t source_head = 0;      ///< When the copy began: it ends here.
  position_t source_position = 0;  ///< Of the last commit that the target has, in the source.
  position_t target_position = 0;  ///< And in the target.
  /// SHA-256 over all commits as read back from the target, in their order and without their
  /// positions: equal for two logs if and only if (but for chance) these hold the same. "" until
  /// verified.
  std::string content;
};

/// How far a copy has come.
struct copy_progress {
  enum class step { comparing, copying, verifying };
  step now = step::comparing;
  std::string category;
  std::uint64_t commits = 0;  ///< In this step.
  position_t position = 0;    ///< In the log that is being read.
  position_t end = 0;         ///< The step's last position in that log.
};

/// Copies categories from one log to another, whatever keeps them. A commit stays a commit, with
/// its stream, versions, command id, digest, time and body; only positions may differ. Commits are
/// stored in the order of their category, so that a copy that is cut off leaves a beginning of the
/// source, and the next one goes on from there.
///
/// Three steps for all categories: the target must hold nothing but a beginning of the source;
/// then the rest is stored; then both are read once more and compared. What the source gets
/// meanwhile is left for the next copy. One thread; blocks on both logs.
class log_copy {
 public:
  log_copy(event_log& source, event_log& target, std::function<void(const copy_progress&)> tell);

  /// First step. Fails without having written anything: `conflict` when the target holds other
  /// commits than the source at this place, `corrupt` for a commit that cannot be read.
  result<void> compare(const std::string& category);
  /// Second step, for a category that was compared. `in_doubt` or `unavailable`: part of it is
  /// stored, and the next copy goes on behind it.
  result<void> store(copied_category& one);
  /// Third step. `corrupt` when target and source differ.
  result<void> verify(copied_category& one);

  /// What was compared so far.
  [[nodiscard]] std::vector<copied_category>& categories() { return categories_; }

 private:
  void tell(copy_progress::step now, const copied_category& one, std::uint64_t commits,
            position_t position, position_t end) const;

  event_log& source_;
  event_log& target_;
  const std::function<void(const copy_progress&)> tell_;
  std::vector<copied_category> categories_;
};

}  // namespace troupe
