#include "bridges/nats/places.hpp"

#include <algorithm>
#include <utility>

namespace troupe::nats {

std::optional<place> places::find(const stream_id& entity) {
  const std::lock_guard lock(mutex_);
  const auto found = by_name_.find(entity.name());
  if (found == by_name_.end()) return std::nullopt;
  recent_.splice(recent_.begin(), recent_, found->second);
  return found->second->second;
}

void places::put(const stream_id& entity, place seen, bool only_later) {
  const std::lock_guard lock(mutex_);
  auto name = entity.name();
  if (const auto found = by_name_.find(name); found != by_name_.end()) {
    recent_.splice(recent_.begin(), recent_, found->second);
    auto& known = found->second->second;
    if (!only_later || seen.sequence > known.sequence) known = seen;
    return;
  }
  recent_.emplace_front(name, seen);
  by_name_.emplace(std::move(name), recent_.begin());
  if (by_name_.size() > most_) {
    by_name_.erase(recent_.back().first);
    recent_.pop_back();
  }
}

void places::forget(const stream_id& entity) {
  const std::lock_guard lock(mutex_);
  const auto found = by_name_.find(entity.name());
  if (found == by_name_.end()) return;
  recent_.erase(found->second);
  by_name_.erase(found);
}

}  // namespace troupe::nats
