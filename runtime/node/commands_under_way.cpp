#include "runtime/node/commands_under_way.hpp"

#include <utility>

namespace troupe {

void commands_under_way::begin(const std::string& id) {
  const std::lock_guard lock(mutex_);
  ++begun_[id].count;
}

bool commands_under_way::begin(const std::string& id, std::uint64_t digest) {
  const std::lock_guard lock(mutex_);
  auto& known = begun_[id];
  if (known.digest && *known.digest != digest) return false;
  known.digest = digest;
  ++known.count;
  return true;
}

void commands_under_way::leave(const std::string& id) {
  const auto found = begun_.find(id);
  if (found != begun_.end() && --found->second.count == 0) begun_.erase(found);
}

void commands_under_way::end(const std::string& id) {
  const std::lock_guard lock(mutex_);
  leave(id);
}

void commands_under_way::end(const std::string& id, command_outcome outcome) {
  const std::lock_guard lock(mutex_);
  leave(id);
  if (ended_.insert_or_assign(id, std::move(outcome)).second) order_.push_back(id);
  if (order_.size() > max_ended_) forget_oldest();
}

void commands_under_way::forget_oldest() {
  ended_.erase(order_.front());
  order_.pop_front();
}

std::variant<commands_under_way::unknown, commands_under_way::pending, command_outcome>
commands_under_way::find(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  if (begun_.contains(id)) return pending{};
  const auto found = ended_.find(id);
  if (found == ended_.end()) return unknown{};
  return found->second;
}

}  // namespace troupe
