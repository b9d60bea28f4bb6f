#include "runtime/host/recent_commits.hpp"

#include <algorithm>

namespace troupe::host {

void recent_commits::add_stored(const std::vector<delivered_ptr>& stored) {
  for (const auto& one : stored) {
    const bool whole = one->events.size() == one->commit.data.event_count;
    if (whole) add(one, one->commit.position);
  }
}

void recent_commits::add_read(const event_batch& read) {
  const bool full = commits_.size() == 2 * max_commits_;
  if (full && read.last < commits_.begin()->first) return;
  auto since = read.from;
  for (const auto& one : read.commits) {
    add(one, since);
    since = one->commit.position + 1;
  }
}

void recent_commits::add(const delivered_ptr& commit, position_t since) {
  const auto position = commit->commit.position;
  auto& known = commits_.try_emplace(commits_.end(), position, known_commit{commit, since})->second;
  known.since = std::min(known.since, since);
  if (commits_.size() > 2 * max_commits_) commits_.erase(commits_.begin());
}

event_batch recent_commits::from(position_t position) const {
  event_batch batch{position, 0, {}};
  auto next = position;
  for (auto one = commits_.lower_bound(position);
       one != commits_.end() && one->second.since <= next && batch.commits.size() < max_commits_;
       ++one) {
    batch.commits.push_back(one->second.commit);
    batch.last = one->first;
    next = batch.last + 1;
  }
  return batch;
}

bool recent_commits::reach(position_t position) const {
  const auto next = commits_.lower_bound(position);
  return next != commits_.end() && next->second.since <= position;
}

void recent_commits::drop_below(position_t position) {
  commits_.erase(commits_.begin(), commits_.lower_bound(position));
}

}  // namespace troupe::host
