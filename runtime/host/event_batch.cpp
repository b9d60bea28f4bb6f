#include "runtime/host/event_batch.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace troupe::host {
namespace {

bool survives_storage(const json& value) {
  if (value.is_number_float()) return std::isfinite(value.get_ref<const double&>());
  if (value.is_binary() || value.is_discarded()) return false;
  if (!value.is_structured()) return true;
  return std::ranges::all_of(value, [](const json& item) { return survives_storage(item); });
}

}  // namespace

bool survives_storage(const envelope& event) {
  return survives_storage(event.data) && survives_storage(event.metadata);
}

result<event_batch> read_batch(event_log& log, const std::string& category, position_t from,
                               std::size_t max_commits) {
  auto commits = log.read_category(category, from, max_commits);
  if (!commits) return std::move(commits).error();
  event_batch batch{from, from == 0 ? 0 : from - 1, {}};
  batch.commits.reserve(commits->size());
  for (auto& commit : *commits) {
    batch.last = commit.position;
    auto delivered = std::make_shared<delivered_commit>();
    auto events = decode(commit);
    if (events) {
      delivered->events = std::move(*events);
    } else {
      delivered->unreadable = events.error().message;
    }
    commit.data.body.clear();
    delivered->commit = std::move(commit);
    batch.commits.push_back(std::move(delivered));
  }
  return batch;
}

}  // namespace troupe::host
