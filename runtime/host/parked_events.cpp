#include "runtime/host/parked_events.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "runtime/host/event_batch.hpp"
#include "runtime/host/projection_batch.hpp"

namespace troupe::host {
namespace {

constexpr std::size_t letters_per_read = 1'000;
constexpr std::size_t most_retried = 10'000;

result<void> for_each_letter(const std::string& projector, view_store& store,
                             const std::function<void(dead_letter&)>& visit) {
  for (std::uint64_t after = 0;;) {
    auto letters = store.dead_letters(projector, after, letters_per_read);
    if (!letters) return std::move(letters).error();
    for (auto& letter : *letters) {
      after = letter.id;
      visit(letter);
    }
    if (letters->size() < letters_per_read) return {};
  }
}

/// `users.17`: how a person names a parked event.
std::string name_of(const std::string& projector, std::uint64_t id) {
  return projector + '.' + std::to_string(id);
}

error not_parked(const std::string& projector, std::uint64_t id) {
  return {errc::not_found, "nothing is parked as " + name_of(projector, id) +
                               "; it may have been retried or discarded already"};
}

result<dead_letter> find_letter(const std::string& projector, view_store& store, std::uint64_t id) {
  if (id == 0) return not_parked(projector, id);
  auto letters = store.dead_letters(projector, id - 1, 1);
  if (!letters) return std::move(letters).error();
  if (letters->empty() || letters->front().id != id) return not_parked(projector, id);
  return std::move(letters->front());
}

/// Reads the commits of parked events, each once.
class parked_commits {
 public:
  parked_commits(event_log& log, std::string category)
      : log_(log), category_(std::move(category)) {}

  result<const delivered_commit*> at(position_t position) {
    const auto known = read_.find(position);
    if (known != read_.end()) return known->second.get();
    auto batch = read_batch(log_, category_, position, 1);
    if (!batch) return std::move(batch).error();
    if (batch->commits.empty() || batch->last != position) {
      return error{errc::corrupt, "the log of '" + category_ + "' has nothing at position " +
                                      std::to_string(position) + " any more"};
    }
    return read_.emplace(position, std::move(batch->commits.front())).first->second.get();
  }

  /// These letters' events and no others, by position. A letter without a type stands for a commit
  /// that could not be read: for all of its events.
  result<event_batch> batch_of(const std::vector<dead_letter>& letters) {
    event_batch batch;
    std::shared_ptr<delivered_commit> part;
    for (const auto& letter : letters) {
      auto found = at(letter.position);
      if (!found) return std::move(found).error();
      const auto& whole = **found;
      if (batch.commits.empty() || batch.last != letter.position) {
        part = std::make_shared<delivered_commit>(
            delivered_commit{whole.commit, {}, whole.unreadable});
        batch.commits.push_back(part);
      }
      batch.last = letter.position;
      for (const auto& event : whole.events) {
        if (letter.type.empty() || event.version == letter.version) part->events.push_back(event);
      }
    }
    return batch;
  }

 private:
  event_log& log_;
  const std::string category_;
  std::map<position_t, delivered_ptr> read_;
};

/// The key of the row that a parked event belongs to. It differs from the letter's when the event
/// could not be decoded then, and can be now.
std::string row_key(const projector_kernel& kernel, const dead_letter& letter,
                    const delivered_commit& commit) {
  for (const auto& event : commit.events) {
    if (!letter.type.empty() && event.version != letter.version) continue;
    if (!kernel.handles(event.event.type)) continue;
    try {
      if (const auto decoded = kernel.decode(event)) return (*decoded)->key();
    } catch (const std::exception&) {
      return letter.key;  // It will be parked again, with this reason.
    }
  }
  return letter.key;
}

}  // namespace

result<retried_events> retry_parked(const projector_kernel& kernel, view_store& store,
                                    event_log& log, std::uint64_t id, timestamp now) {
  const auto chosen = find_letter(kernel.name(), store, id);
  if (!chosen) return chosen.error();
  parked_commits commits(log, kernel.category());
  const auto commit = commits.at(chosen->position);
  if (!commit) return commit.error();
  const std::set<std::string> keys = {chosen->key, row_key(kernel, *chosen, **commit)};

  std::vector<dead_letter> group;
  parking others;
  others.park_now = [](const event_place&) { return true; };
  auto read = for_each_letter(kernel.name(), store, [&](dead_letter& letter) {
    if (keys.contains(letter.key)) {
      group.push_back(std::move(letter));
    } else {
      others.blocked_keys.insert(letter.key);
    }
  });
  if (!read) return read.error();
  std::ranges::sort(group, {}, place_of);
  if (group.empty()) return not_parked(kernel.name(), id);
  if (group.front().id != id) {
    return error{errc::conflict, name_of(kernel.name(), id) + " waits behind " +
                                     name_of(kernel.name(), group.front().id) +
                                     ", an earlier event of '" + chosen->key +
                                     "'; retry or discard that one first"};
  }
  retried_events outcome;
  if (group.size() > most_retried) {
    outcome.left = group.size() - most_retried;
    group.resize(most_retried);
  }

  const auto batch = commits.batch_of(group);
  if (!batch) return batch.error();
  const auto checkpoint = store.checkpoint(kernel.name());
  if (!checkpoint) return checkpoint.error();
  const auto applied = retry_batch(kernel, store, *checkpoint, *batch, group, others, now);
  if (!applied) return applied.error();
  outcome.applied = applied->events;
  outcome.parked_again = applied->parked.size();
  if (applied->first_failure) outcome.reason = applied->parked[*applied->first_failure].reason;
  if (outcome.applied == 0 && !outcome.reason.empty()) {
    return error{errc::conflict, "it failed again: " + outcome.reason};
  }
  return outcome;
}

result<dead_letter> discard_parked(const std::string& projector, view_store& store,
                                   std::uint64_t id) {
  auto letter = find_letter(projector, store, id);
  if (!letter) return letter;
  const auto checkpoint = store.checkpoint(projector);
  if (!checkpoint) return checkpoint.error();
  auto transaction = store.begin(projector, *checkpoint, *checkpoint);
  if (!transaction) return std::move(transaction).error();
  const std::vector<std::uint64_t> ids = {id};
  if (auto done = (*transaction)->unpark(ids); !done) return done.error();
  if (auto done = (*transaction)->commit(); !done) return done.error();
  return letter;
}

result<blocked_keys> read_blocked_keys(const std::string& projector, view_store& store) {
  blocked_keys found;
  auto read = for_each_letter(projector, store, [&](dead_letter& letter) {
    found.keys.insert(std::move(letter.key));
    ++found.events;
  });
  if (!read) return read.error();
  return found;
}

}  // namespace troupe::host
