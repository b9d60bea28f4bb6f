#pragma once

#include <map>
#include <vector>

#include "runtime/host/event_batch.hpp"

namespace troupe::host {

/// The newest commits of a category that are in memory already, so that they need not be read from
/// the log: those that this node has stored, and those that were read. What this node has stored
/// says nothing of the positions in between, where others may have stored something; what was read
/// does. For one thread.
class recent_commits {
 public:
  /// Keeps two batches of this size at most.
  explicit recent_commits(std::size_t max_commits_per_batch)
      : max_commits_(max_commits_per_batch) {}

  /// Commits of this node, in their order; those without their events are passed over.
  void add_stored(const std::vector<delivered_ptr>& stored);
  void add_read(const event_batch& read);
  /// All commits from this position on, up to the end of a batch or to the first position of which
  /// nothing is known; none if that is where it begins.
  [[nodiscard]] event_batch from(position_t position) const;
  /// Whether `from` has something.
  [[nodiscard]] bool reach(position_t position) const;
  void drop_below(position_t position);

 private:
  struct known_commit {
    delivered_ptr commit;
    position_t since = 0;  ///< From here to the commit's own position there is no other.
  };

  void add(const delivered_ptr& commit, position_t since);

  const std::size_t max_commits_;
  std::map<position_t, known_commit> commits_;
};

}  // namespace troupe::host
