#include "runtime/host/event_batch.hpp"

#include <utility>

namespace troupe::host {

result<event_batch> read_batch(event_log& log, const std::string& category, position_t from,
                               std::size_t max_commits) {
  auto commits = log.read_category(category, from, max_commits);
  if (!commits) return std::move(commits).error();
  event_batch batch{from, from == 0 ? 0 : from - 1, {}};
  batch.commits.reserve(commits->size());
  for (auto& commit : *commits) {
    batch.last = commit.position;
    delivered_commit delivered;
    auto events = decode(commit);
    if (events) {
      delivered.events = std::move(*events);
    } else {
      delivered.unreadable = events.error().message;
    }
    commit.data.body.clear();
    delivered.commit = std::move(commit);
    batch.commits.push_back(std::move(delivered));
  }
  return batch;
}

}  // namespace troupe::host
