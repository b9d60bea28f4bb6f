#include "runtime/testkit/memory_view_store.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "runtime/core/view_cursor.hpp"
#include "runtime/testkit/memory_view_provider.hpp"

namespace troupe::testkit {

namespace detail {

using rows_by_key = std::map<std::string, json>;

struct memory_views {
  std::mutex mutex;
  std::uint64_t migrated = 0;
  std::map<std::string, position_t> checkpoints;
  std::map<std::string, std::string> pauses;  ///< Reason by projector.
  std::map<std::string, rows_by_key> tables;
  std::map<std::uint64_t, dead_letter> letters;
  std::uint64_t last_letter = 0;
};

}  // namespace detail

namespace {

using detail::memory_views;

result<void> check_text(const json& row) {
  try {
    static_cast<void>(row.dump());
    return {};
  } catch (const json::exception& problem) {
    return error{errc::invalid, std::string("a row is not valid UTF-8: ") + problem.what()};
  }
}

/// A filter's value comes from a URL as text; the column's type is the row's.
bool matches(const json& have, const json& wanted) {
  if (have == wanted) return true;
  if (!wanted.is_string()) return false;
  const auto& text = wanted.get_ref<const std::string&>();
  if (have.is_boolean()) return text == (have.get<bool>() ? "true" : "false");
  if (!have.is_number()) return false;
  const auto number = json::parse(text, nullptr, false);
  return number.is_number() && number == have;
}

json column_of(const json& row, const std::string& column) { return row.value(column, json()); }

/// Changes waiting for commit: the row to be, or nothing for one to be removed.
using staged_rows = std::map<std::string, std::optional<json>>;

class memory_transaction final : public view_transaction {
 public:
  memory_transaction(std::shared_ptr<memory_views> views, std::string projector,
                     position_t expected, position_t next)
      : views_(std::move(views)),
        projector_(std::move(projector)),
        expected_(expected),
        next_(next) {}

  result<std::vector<json>> fetch(const view_table& table,
                                  std::span<const std::string> keys) override {
    const std::lock_guard lock(views_->mutex);
    const auto& stored = views_->tables[table.name];
    const auto& staged = staged_[table.name];
    std::vector<json> found;
    for (const auto& key : std::set(keys.begin(), keys.end())) {
      if (const auto change = staged.find(key); change != staged.end()) {
        if (change->second) found.push_back(*change->second);
      } else if (const auto row = stored.find(key); row != stored.end()) {
        found.push_back(row->second);
      }
    }
    return found;
  }

  result<void> upsert(const view_table& table, std::span<const json> rows) override {
    for (const auto& row : rows) {
      if (auto checked = check_row(table, row); !checked) return checked;
      if (auto checked = check_text(row); !checked) return checked;
    }
    for (const auto& row : rows)
      staged_[table.name][row.at(table.key_column).get<std::string>()] = row;
    return {};
  }

  result<void> remove(const view_table& table, std::span<const std::string> keys) override {
    for (const auto& key : keys) staged_[table.name][key] = std::nullopt;
    return {};
  }

  result<void> park(std::span<const dead_letter> letters) override {
    letters_.insert(letters_.end(), letters.begin(), letters.end());
    return {};
  }

  result<void> unpark(std::span<const std::uint64_t> ids) override {
    const std::lock_guard lock(views_->mutex);
    const std::set<std::uint64_t> wanted(ids.begin(), ids.end());
    bool all_there = true;
    for (const auto id : wanted)
      all_there = is_parked(id) && unparked_.insert(id).second && all_there;
    lost_ = lost_ || !all_there;
    return all_there ? result<void>() : taken_by_another();
  }

  result<void> commit() override {
    if (done_) return error{errc::internal, "this transaction was committed already"};
    const std::lock_guard lock(views_->mutex);
    // Another transaction may have come first since.
    lost_ = lost_ || !std::ranges::all_of(unparked_, [this](auto id) { return is_parked(id); });
    if (lost_) return taken_by_another();
    auto& checkpoint = views_->checkpoints[projector_];
    if (checkpoint != expected_) {
      return error{errc::conflict, "projector '" + projector_ + "' is at " +
                                       std::to_string(checkpoint) + ", not at " +
                                       std::to_string(expected_)};
    }
    checkpoint = next_;
    for (auto& [name, changes] : staged_) {
      auto& rows = views_->tables[name];
      for (auto& [key, row] : changes) {
        if (row) {
          rows[key] = std::move(*row);
        } else {
          rows.erase(key);
        }
      }
    }
    for (const auto id : unparked_) views_->letters.erase(id);
    for (auto& letter : letters_) {
      letter.id = ++views_->last_letter;
      views_->letters.emplace(letter.id, std::move(letter));
    }
    done_ = true;
    return {};
  }

 private:
  /// The caller holds the lock.
  [[nodiscard]] bool is_parked(std::uint64_t id) const {
    const auto found = views_->letters.find(id);
    return found != views_->letters.end() && found->second.projector == projector_;
  }

  [[nodiscard]] error taken_by_another() const {
    return {errc::conflict, "a parked event of '" + projector_ + "' has been taken by another"};
  }

  std::shared_ptr<memory_views> views_;
  std::string projector_;
  position_t expected_;
  position_t next_;
  std::set<std::uint64_t> unparked_;
  bool lost_ = false;  ///< One that was to be taken was not there.
  std::map<std::string, staged_rows> staged_;
  std::vector<dead_letter> letters_;
  bool done_ = false;
};

}  // namespace

memory_view_store::memory_view_store() : views_(std::make_shared<memory_views>()) {}

memory_view_store::memory_view_store(std::shared_ptr<memory_views> shared)
    : views_(std::move(shared)) {}

result<void> memory_view_store::migrate(std::span<const migration> migrations,
                                        migration_mode mode) {
  const std::lock_guard lock(views_->mutex);
  const std::uint64_t newest = migrations.empty() ? 0 : migrations.back().version;
  if (views_->migrated > newest) {
    return error{errc::unsupported, "the database is at migration " +
                                        std::to_string(views_->migrated) + ", this program knows " +
                                        std::to_string(newest)};
  }
  if (views_->migrated < newest && mode == migration_mode::check) {
    return error{errc::invalid, "the database is at migration " + std::to_string(views_->migrated) +
                                    " and has to be at " + std::to_string(newest) +
                                    "; migrate it first"};
  }
  views_->migrated = newest;
  return {};
}

result<position_t> memory_view_store::checkpoint(const std::string& projector) {
  const std::lock_guard lock(views_->mutex);
  const auto found = views_->checkpoints.find(projector);
  return found == views_->checkpoints.end() ? position_t{0} : found->second;
}

result<std::unique_ptr<view_transaction>> memory_view_store::begin(const std::string& projector,
                                                                   position_t expected,
                                                                   position_t next) {
  return std::unique_ptr<view_transaction>(
      std::make_unique<memory_transaction>(views_, projector, expected, next));
}

result<void> memory_view_store::reset(const std::string& projector, const view_table& table) {
  const std::lock_guard lock(views_->mutex);
  views_->checkpoints.erase(projector);
  views_->tables.erase(table.name);
  std::erase_if(views_->letters,
                [&](const auto& letter) { return letter.second.projector == projector; });
  return {};
}

result<std::optional<std::string>> memory_view_store::pause_reason(const std::string& projector) {
  const std::lock_guard lock(views_->mutex);
  const auto found = views_->pauses.find(projector);
  return found == views_->pauses.end() ? std::optional<std::string>()
                                       : std::optional(found->second);
}

result<void> memory_view_store::set_pause(const std::string& projector,
                                          const std::optional<std::string>& reason) {
  const std::lock_guard lock(views_->mutex);
  if (reason) {
    views_->pauses[projector] = *reason;
  } else {
    views_->pauses.erase(projector);
  }
  return {};
}

result<std::optional<json>> memory_view_store::get(const view_table& table,
                                                   const std::string& key) {
  const std::lock_guard lock(views_->mutex);
  const auto& rows = views_->tables[table.name];
  const auto row = rows.find(key);
  return row == rows.end() ? std::optional<json>() : std::optional(row->second);
}

result<view_page> memory_view_store::query(const view_table& table, const view_query& query) {
  if (auto checked = check_query(query); !checked) return checked.error();
  const auto& order_by = query.order_by.empty() ? table.key_column : query.order_by;
  std::optional<std::pair<json, std::string>> after;
  if (!query.after.empty()) {
    auto cursor = decode_cursor(table, query);
    if (!cursor) return std::move(cursor).error();
    after.emplace(std::move(cursor->order), std::move(cursor->key));
  }
  // Nulls come first when the order rises, ties are broken by the key, and a falling order is the
  // exact reverse.
  std::map<std::pair<json, std::string>, const json*> ordered;
  const std::lock_guard lock(views_->mutex);
  for (const auto& [key, row] : views_->tables[table.name]) {
    const auto fits = [&](const auto& filter) {
      return matches(column_of(row, filter.first), filter.second);
    };
    if (!std::ranges::all_of(query.equals, fits)) continue;
    auto place = std::pair(column_of(row, order_by), key);
    if (!after || (query.descending ? place < *after : *after < place))
      ordered.emplace(std::move(place), &row);
  }
  view_page page;
  const auto fill = [&](auto from, auto to) {
    for (; from != to && page.rows.size() < query.limit; ++from) {
      page.rows.push_back(*from->second);
      const bool more = page.rows.size() == query.limit && std::next(from) != to;
      if (more) page.next = encode_cursor(table, query, {from->first.first, from->first.second});
    }
  };
  if (query.descending) {
    fill(ordered.rbegin(), ordered.rend());
  } else {
    fill(ordered.begin(), ordered.end());
  }
  return page;
}

result<std::vector<dead_letter>> memory_view_store::dead_letters(const std::string& projector,
                                                                 std::uint64_t after,
                                                                 std::size_t limit) {
  const std::lock_guard lock(views_->mutex);
  std::vector<dead_letter> found;
  for (auto one = views_->letters.upper_bound(after);
       one != views_->letters.end() && found.size() < limit; ++one) {
    if (projector.empty() || one->second.projector == projector) found.push_back(one->second);
  }
  return found;
}

result<std::unique_ptr<view_store>> memory_view_provider::open(const std::string& feature,
                                                               database_role role) {
  const std::lock_guard lock(mutex_);
  auto& database = databases_[{feature, role}];
  if (!database) database = std::make_shared<memory_views>();
  return std::unique_ptr<view_store>(std::make_unique<memory_view_store>(database));
}

}  // namespace troupe::testkit
