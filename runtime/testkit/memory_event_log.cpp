#include "runtime/testkit/memory_event_log.hpp"

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>

namespace troupe::testkit {
namespace {

constexpr auto outcomes_kept_for = std::chrono::hours(24);

template <class List>
std::vector<recorded_commit> copy(const List& list, typename List::const_iterator from,
                                  std::size_t limit) {
  const auto left = static_cast<std::size_t>(list.end() - from);
  std::vector<recorded_commit> copied;
  copied.reserve(std::min(limit, left));
  for (; from != list.end() && copied.size() < limit; ++from) copied.push_back(**from);
  return copied;
}

}  // namespace

std::vector<append_result> memory_event_log::append(std::span<const append_request> requests,
                                                    std::span<const kept_outcome> outcomes) {
  const std::lock_guard lock(mutex_);
  std::vector<append_result> results(requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    auto& [positions, failure] = results[i];
    if (requests[i].commits.empty()) failure = error{errc::invalid, "an append without commits"};
    for (const auto& wanted : requests[i].commits) {
      failure = refusal(wanted, requests[i].ids_given);
      if (failure) break;
      positions.push_back(store(wanted));
    }
  }
  for (const auto& kept : outcomes) {
    const bool first = outcomes_.try_emplace(kept.command_id, kept).second;
    results.push_back({{}, first ? std::nullopt : std::optional(already_known(kept.command_id))});
  }
  return results;
}

std::optional<error> memory_event_log::refusal(const commit& wanted, bool id_given) const {
  const auto& name = wanted.stream;
  if (wanted.event_count == 0 || wanted.first_version == 0) {
    return error{errc::invalid, "a commit for " + name.name() + " needs an event and a version"};
  }
  if (commands_.contains(wanted.command_id) ||
      (id_given && outcomes_.contains(wanted.command_id))) {
    return already_known(wanted.command_id);
  }
  const auto stream = streams_.find(name);
  const version_t last = stream == streams_.end() ? 0 : stream->second.back()->data.last_version();
  if (last != wanted.first_version - 1) {
    return error{errc::conflict, name.name() + " is at version " + std::to_string(last) +
                                     ", not at " + std::to_string(wanted.first_version - 1)};
  }
  return std::nullopt;
}

position_t memory_event_log::store(const commit& accepted) {
  auto& category = categories_[accepted.stream.category];
  const position_t position = category.size() + 1;
  auto stored = std::make_shared<const recorded_commit>(recorded_commit{accepted, position});
  category.push_back(stored);
  streams_[accepted.stream].push_back(stored);
  commands_.emplace(accepted.command_id, std::move(stored));
  return position;
}

result<std::vector<recorded_commit>> memory_event_log::read_stream(const stream_id& stream,
                                                                   version_t from,
                                                                   std::size_t limit) {
  const std::shared_lock lock(mutex_);
  const auto found = streams_.find(stream);
  if (found == streams_.end()) return std::vector<recorded_commit>{};
  const auto first = std::ranges::lower_bound(
      found->second, from, {}, [](const auto& one) { return one->data.last_version(); });
  return copy(found->second, first, limit);
}

result<std::vector<recorded_commit>> memory_event_log::read_category(const std::string& category,
                                                                     position_t from,
                                                                     std::size_t limit) {
  const std::shared_lock lock(mutex_);
  const auto found = categories_.find(category);
  if (found == categories_.end()) return std::vector<recorded_commit>{};
  const auto first = std::ranges::lower_bound(found->second, from, {},
                                              [](const auto& one) { return one->position; });
  return copy(found->second, first, limit);
}

result<position_t> memory_event_log::head(const std::string& category) {
  const std::shared_lock lock(mutex_);
  const auto found = categories_.find(category);
  return found == categories_.end() ? position_t{0} : found->second.back()->position;
}

result<std::optional<recorded_commit>> memory_event_log::find_command(
    const std::string& command_id) {
  const std::shared_lock lock(mutex_);
  const auto found = commands_.find(command_id);
  if (found == commands_.end()) return std::optional<recorded_commit>{};
  return std::optional(*found->second);
}

result<std::optional<kept_outcome>> memory_event_log::find_outcome(const std::string& command_id) {
  const std::shared_lock lock(mutex_);
  const auto found = outcomes_.find(command_id);
  if (found == outcomes_.end()) return std::optional<kept_outcome>{};
  return std::optional(found->second);
}

result<std::optional<snapshot>> memory_event_log::load_snapshot(const stream_id& stream) {
  const std::shared_lock lock(mutex_);
  const auto found = snapshots_.find(stream);
  if (found == snapshots_.end()) return std::optional<snapshot>{};
  return std::optional(found->second);
}

result<void> memory_event_log::save_snapshot(const snapshot& saved) {
  const std::lock_guard lock(mutex_);
  const auto [slot, fresh] = snapshots_.try_emplace(saved.stream, saved);
  if (!fresh && slot->second.version <= saved.version) slot->second = saved;
  return {};
}

result<void> memory_event_log::maintain(timestamp now) {
  const std::lock_guard lock(mutex_);
  std::erase_if(outcomes_,
                [&](const auto& kept) { return kept.second.time < now - outcomes_kept_for; });
  return {};
}

}  // namespace troupe::testkit
