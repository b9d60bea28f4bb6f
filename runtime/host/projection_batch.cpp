#include "runtime/host/projection_batch.hpp"

#include <algorithm>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace troupe::host {
namespace {

/// One event of the batch on its way to its key.
struct work_item {
  const recorded_event* event = nullptr;
  std::unique_ptr<decoded_event> decoded;

  [[nodiscard]] const std::string& key() const { return decoded->key(); }
};

/// Rows as they are stored, by key.
class stored_rows {
 public:
  stored_rows() = default;
  stored_rows(stored_rows&&) = default;  // A copy would look into the other one's rows.

  static result<stored_rows> fetch(view_transaction& transaction, const view_table& table,
                                   const std::vector<std::string>& keys) {
    stored_rows stored;
    if (keys.empty()) return stored;
    auto rows = transaction.fetch(table, keys);
    if (!rows) return std::move(rows).error();
    stored.rows_ = std::move(*rows);
    for (const auto& row : stored.rows_) {
      const auto key = row.find(table.key_column);
      if (key == row.end() || !key->is_string()) {
        return error{errc::corrupt, "a row of view '" + table.name +
                                        "' has no text in its key column '" + table.key_column +
                                        "'"};
      }
      stored.by_key_.emplace(key->get_ref<const std::string&>(), &row);
    }
    return stored;
  }

  /// nullptr if there is none.
  [[nodiscard]] const json* find(const std::string& key) const {
    const auto found = by_key_.find(key);
    return found == by_key_.end() ? nullptr : found->second;
  }

 private:
  std::vector<json> rows_;
  std::unordered_map<std::string_view, const json*> by_key_;  ///< Into `rows_`.
};

/// Thrown out of the fold, not out of this file.
struct must_report {
  poison_event poison;
};

class batch_fold {
 public:
  batch_fold(const projector_kernel& kernel, const parking& known, timestamp now,
             const step_observer& before)
      : kernel_(kernel), known_(known), now_(now), before_(before) {}

  /// Sorts the batch's events by key, in log order within each; parks what cannot be read.
  /// `unsupported` for an event of a newer program: that is not the event's fault.
  result<void> sort(const event_batch& batch) {
    for (const auto& delivered : batch.commits) {
      const auto& commit = *delivered;
      if (!commit.unreadable.empty()) {
        const auto& data = commit.commit.data;
        if (!first_failure) first_failure = letters_.size();
        letters_.push_back(letter(data.stream.id, data.stream, commit.commit.position,
                                  data.first_version, data.command_id, "", commit.unreadable));
        newly_blocked_.insert(data.stream.id);
      }
      for (const auto& event : commit.events) {
        if (!kernel_.handles(event.event.type)) continue;
        if (auto sorted = sort_event(event); !sorted) return sorted;
      }
    }
    std::ranges::stable_sort(items_, {}, &work_item::key);
    return {};
  }

  [[nodiscard]] std::vector<std::string> keys() const {
    std::vector<std::string> all;
    for (const auto& item : items_) {
      if (all.empty() || all.back() != item.key()) all.push_back(item.key());
    }
    return all;
  }

  /// Folds every key from its stored row.
  result<void> fold(const stored_rows& stored) {
    for (auto left = std::span<const work_item>(items_); !left.empty();) {
      const auto& key = left.front().key();
      const auto others =
          std::ranges::find_if(left, [&](const work_item& item) { return item.key() != key; });
      const auto of_key = left.first(static_cast<std::size_t>(others - left.begin()));
      if (auto folded = fold_key(key, of_key, stored.find(key)); !folded) return folded;
      left = left.subspan(of_key.size());
    }
    return {};
  }

  std::vector<json> rows;
  std::vector<std::string> removed;
  std::size_t events = 0;
  std::optional<std::size_t> first_failure;

  std::vector<dead_letter>& letters() { return letters_; }
  std::set<std::string>& newly_blocked() { return newly_blocked_; }

 private:
  result<void> sort_event(const recorded_event& event) {
    before_(batch_step::event);
    result<std::unique_ptr<decoded_event>> decoded = error{errc::corrupt, ""};
    try {
      decoded = kernel_.decode(event);
    } catch (const std::exception& problem) {
      report_or_continue(event, problem.what());
      decoded = error{errc::corrupt, problem.what()};
    }
    if (!decoded && decoded.error().code == errc::unsupported) {
      return error{errc::unsupported, "event " + std::to_string(event.version) + " of " +
                                          event.stream.name() + " at position " +
                                          std::to_string(event.position) + ": " +
                                          decoded.error().message};
    }
    if (!decoded) {
      park(event, event.stream.id, decoded.error().message);
    } else if (const auto& key = (*decoded)->key(); blocked(key)) {
      wait_behind(key, event, key);
    } else {
      // The entity's own id blocks too: an event of it that could not be decoded has no other key.
      if (blocked(event.stream.id)) {
        wait_behind(event.stream.id, event, key);
      } else {
        items_.push_back({&event, std::move(*decoded)});
      }
    }
    return {};
  }

  result<void> fold_key(const std::string& key, std::span<const work_item> items,
                        const json* stored) {
    auto fold = kernel_.fold(stored);
    if (!fold) return std::move(fold).error();
    std::size_t done = 0;
    for (; done < items.size() && !newly_blocked_.contains(key); ++done) {
      const auto& item = items[done];
      before_(batch_step::event);
      try {
        (*fold)->apply(*item.decoded);
      } catch (const std::exception& problem) {
        report_or_continue(*item.event, problem.what());
        park(*item.event, key, problem.what());
        // The fold is spoilt: make the row again from what came before.
        fold = kernel_.fold(stored);
        if (!fold) return std::move(fold).error();
        for (std::size_t i = 0; i < done; ++i) (*fold)->apply(*items[i].decoded);
        events += done;
        for (std::size_t i = done + 1; i < items.size(); ++i)
          wait_behind(key, *items[i].event, key);
        if (done > 0) keep(key, **fold, stored);
        return {};
      }
    }
    events += done;
    if (done > 0) keep(key, **fold, stored);
    for (; done < items.size(); ++done) wait_behind(key, *items[done].event, key);
    return {};
  }

  void keep(const std::string& key, const row_fold& fold, const json* stored) {
    if (auto row = fold.row()) {
      rows.push_back(std::move(*row));
    } else if (stored != nullptr) {
      removed.push_back(key);
    }
  }

  void report_or_continue(const recorded_event& event, const char* what) {
    const event_place place{event.position, event.version};
    if (!known_.park_now(place)) throw must_report{{place, what}};
  }

  /// Parks an event that failed itself.
  void park(const recorded_event& event, const std::string& key, std::string reason) {
    if (!first_failure) first_failure = letters_.size();
    put_aside(event, key, std::move(reason));
  }

  /// Parks an event that is fine but must not overtake the parked ones of `blocker`.
  void wait_behind(const std::string& blocker, const recorded_event& event,
                   const std::string& key) {
    put_aside(event, key, "waits behind an earlier parked event of '" + blocker + "'");
  }

  void put_aside(const recorded_event& event, const std::string& key, std::string reason) {
    letters_.push_back(letter(key, event.stream, event.position, event.version, event.event.id,
                              event.event.type, std::move(reason)));
    newly_blocked_.insert(key);
  }

  dead_letter letter(const std::string& key, const stream_id& stream, position_t position,
                     version_t version, const std::string& event_id, const std::string& type,
                     std::string reason) {
    return {0,    kernel_.name(),    key, stream, position, version, event_id,
            type, std::move(reason), now_};
  }

  [[nodiscard]] bool blocked(const std::string& key) const {
    return known_.blocked_keys.contains(key) || newly_blocked_.contains(key);
  }

  const projector_kernel& kernel_;
  const parking& known_;
  const timestamp now_;
  const step_observer& before_;
  std::vector<work_item> items_;  ///< Once sorted: by key.
  std::vector<dead_letter> letters_;
  std::set<std::string> newly_blocked_;
};

/// Folds the sorted events onto the stored rows, and writes the rows that come of it.
result<void> fold_and_write(const projector_kernel& kernel, view_transaction& transaction,
                            batch_fold& work, const step_observer& before) {
  auto stored = stored_rows::fetch(transaction, kernel.table(), work.keys());
  if (!stored) return std::move(stored).error();
  if (auto folded = work.fold(*stored); !folded) return folded;
  before(batch_step::store);
  if (!work.rows.empty()) {
    if (auto done = transaction.upsert(kernel.table(), work.rows); !done) return done;
  }
  if (!work.removed.empty()) {
    if (auto done = transaction.remove(kernel.table(), work.removed); !done) return done;
  }
  return {};
}

/// Parked events before and after another attempt.
struct changed_letters {
  std::vector<std::uint64_t> gone;
  std::vector<dead_letter> fresh;
};

/// A letter whose event fails again for the same reason stays as it is.
changed_letters compare(std::span<const dead_letter> before, std::span<const dead_letter> after) {
  std::map<event_place, const dead_letter*> failed;
  for (const auto& letter : after) failed.emplace(place_of(letter), &letter);
  changed_letters changes;
  for (const auto& letter : before) {
    const auto again = failed.find(place_of(letter));
    if (again != failed.end() && again->second->reason == letter.reason &&
        again->second->key == letter.key) {
      failed.erase(again);
    } else {
      changes.gone.push_back(letter.id);
    }
  }
  for (const auto& [place, letter] : failed) changes.fresh.push_back(*letter);
  return changes;
}

}  // namespace

batch_outcome apply_batch(const projector_kernel& kernel, view_store& store, position_t checkpoint,
                          const event_batch& batch, parking& parked, timestamp now,
                          const step_observer& before) {
  batch_fold work(kernel, parked, now, before);
  try {
    if (auto sorted = work.sort(batch); !sorted) return sorted.error();
    before(batch_step::store);
    auto begun = store.begin(kernel.name(), checkpoint, batch.last);
    if (!begun) return std::move(begun).error();
    auto& transaction = **begun;
    if (auto done = fold_and_write(kernel, transaction, work, before); !done) return done.error();
    // Past the bound the projector stands still: its events stay in the log, and none is dropped.
    if (!work.letters().empty() && parked.events + work.letters().size() > parked.max_events) {
      return error{errc::unavailable,
                   "more than " + std::to_string(parked.max_events) +
                       " events would be parked (--max-dead-letters), first '" +
                       work.letters().front().reason +
                       "'; mend the projector and rebuild it, or raise the limit"};
    }
    if (!work.letters().empty()) {
      if (auto done = transaction.park(work.letters()); !done) return done.error();
    }
    if (auto done = transaction.commit(); !done) return done.error();
  } catch (must_report& report) {
    return std::move(report.poison);
  }
  parked.blocked_keys.merge(work.newly_blocked());
  parked.events += work.letters().size();
  return applied_batch{work.events, std::move(work.letters()), work.first_failure};
}

result<applied_batch> retry_batch(const projector_kernel& kernel, view_store& store,
                                  position_t checkpoint, const event_batch& batch,
                                  std::span<const dead_letter> letters, const parking& parked,
                                  timestamp now) {
  const step_observer nobody = [](batch_step) {};
  batch_fold work(kernel, parked, now, nobody);
  if (auto sorted = work.sort(batch); !sorted) return sorted.error();
  auto begun = store.begin(kernel.name(), checkpoint, checkpoint);
  if (!begun) return std::move(begun).error();
  auto& transaction = **begun;
  if (auto done = fold_and_write(kernel, transaction, work, nobody); !done) return done.error();
  const auto changes = compare(letters, work.letters());
  if (!changes.gone.empty()) {
    if (auto done = transaction.unpark(changes.gone); !done) return done.error();
  }
  if (!changes.fresh.empty()) {
    if (auto done = transaction.park(changes.fresh); !done) return done.error();
  }
  if (auto done = transaction.commit(); !done) return done.error();
  return applied_batch{work.events, std::move(work.letters()), work.first_failure};
}

}  // namespace troupe::host
