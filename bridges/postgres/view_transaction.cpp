#include "bridges/postgres/view_transaction.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "bridges/postgres/dead_letters.hpp"
#include "bridges/postgres/row_batch.hpp"

namespace troupe::postgres {
namespace {

/// Fewer rows are as quick by one statement, which needs one answer less.
constexpr std::size_t worth_a_copy = 50;

class postgres_transaction final : public view_transaction {
 public:
  postgres_transaction(std::shared_ptr<view_database> views, connection_pool::loan connection,
                       checkpoint_row checkpoint, position_t expected, position_t next)
      : views_(std::move(views)),
        connection_(std::move(connection)),
        checkpoint_(std::move(checkpoint)),
        expected_(expected),
        next_(next) {}

  /// Throws what libpqxx throws.
  void begin() {
    work_ = std::make_unique<pqxx::work>(**connection_);
    checkpoint_.lock(*work_);
    written_ = views_->keys.take(checkpoint_.name(), expected_);
  }
  [[nodiscard]] bool healthy() const { return connection_->healthy(); }

  result<std::vector<json>> fetch(const view_table& table,
                                  std::span<const std::string> keys) override {
    return run([&]() -> result<std::vector<json>> {
      auto layout = views_->layouts.of(*work_, table);
      if (!layout) return std::move(layout).error();
      // A projector that has caught up needs no shortcut.
      if (keys.size() < worth_a_copy) written_.reset();
      std::vector<std::string> written;
      std::vector<std::string> absent;
      if (written_) {
        for (const auto& key : keys) (written_->may_hold(key) ? written : absent).push_back(key);
      }
      auto rows = select(**layout, written_ ? std::span<const std::string>(written) : keys);
      if (!rows) return rows;
      if (rows->empty()) {
        absent_.insert(keys.begin(), keys.end());
        not_looked_for_ = !absent.empty();
        return rows;
      }
      auto others = select(**layout, absent);
      if (!others) return others;
      std::ranges::move(*others, std::back_inserter(*rows));
      return rows;
    });
  }

  result<void> upsert(const view_table& table, std::span<const json> rows) override {
    return run([&]() -> result<void> {
      auto layout = views_->layouts.of(*work_, table);
      if (!layout) return std::move(layout).error();
      if (rows.empty()) return {};
      auto batch = row_batch::of(table, **layout, rows);
      if (!batch) return std::move(batch).error();
      // What was not looked for is never written over: COPY fails if it is there, and the next
      // attempt looks.
      if (std::exchange(not_looked_for_, false) ||
          (batch->size() >= worth_a_copy && all_absent(table, rows))) {
        batch->copy(*work_);
      } else {
        batch->upsert(*work_);
      }
      absent_.clear();
      if (written_) {
        for (const auto& row : rows)
          written_->add(row.at(table.key_column).get_ref<const std::string&>());
      }
      return {};
    });
  }

  result<void> remove(const view_table& table, std::span<const std::string> keys) override {
    return run([&]() -> result<void> {
      auto layout = views_->layouts.of(*work_, table);
      if (!layout) return std::move(layout).error();
      const auto& columns = **layout;
      auto possible = key_array(columns, keys);
      if (!possible) return {};
      parameters values;
      const auto unwanted = values.add(std::move(*possible));
      values.run(*work_, "DELETE FROM " + columns.quoted + " WHERE " + columns.key_column().quoted +
                             " = ANY (" + unwanted + "::" + columns.key_column().type + "[])");
      return {};
    });
  }

  result<void> park(std::span<const dead_letter> letters) override {
    return run([&]() -> result<void> {
      postgres::park(*work_, checkpoint_.owner, letters);
      return {};
    });
  }

  result<void> unpark(std::span<const std::uint64_t> ids) override {
    return run([&]() -> result<void> {
      if (postgres::unpark(*work_, checkpoint_.owner, checkpoint_.projector, ids)) return {};
      lost_ = error{errc::conflict,
                    "a parked event of '" + checkpoint_.projector + "' has been taken by another"};
      return *lost_;
    });
  }

  result<void> commit() override {
    auto done = run([&]() -> result<void> {
      if (lost_) return *lost_;
      if (!checkpoint_.move(*work_, expected_, next_)) {
        return error{errc::conflict, "projector '" + checkpoint_.projector +
                                         "' is not at position " + std::to_string(expected_) +
                                         " any more"};
      }
      work_->commit();
      return {};
    });
    // Whoever waits for the lock need not wait for this object to go.
    work_.reset();
    connection_.reset();
    if (done && written_) views_->keys.give_back(checkpoint_.name(), std::move(written_));
    if (done || done.error().code != errc::in_doubt) return done;
    return resolve(views_->pool, checkpoint_, expected_, next_);
  }

 private:
  /// PostgreSQL gives up the whole transaction when a statement fails: from then on the first
  /// failure is every answer.
  template <class Work>
  auto run(Work&& work) -> decltype(work()) {
    if (failure_) return *failure_;
    if (!work_) {
      return error{errc::internal,
                   "this transaction of '" + checkpoint_.projector + "' has ended already"};
    }
    bool refused_here = false;
    auto done = attempt([&] {
      auto answer = work();
      refused_here = !answer;
      return answer;
    });
    if (!done && !refused_here) failure_ = done.error();
    return done;
  }

  result<std::vector<json>> select(const table_layout& columns, std::span<const std::string> keys) {
    std::vector<json> rows;
    auto possible = key_array(columns, keys);
    if (!possible) return rows;
    parameters values;
    const auto wanted = values.add(std::move(*possible));
    const auto found = values.run(*work_, "SELECT " + columns.selected + " FROM " + columns.quoted +
                                              " WHERE " + columns.key_column().quoted + " = ANY (" +
                                              wanted + "::" + columns.key_column().type + "[])");
    rows.reserve(found.size());
    for (const auto& one : found) {
      auto row = columns.read_row(one);
      if (!row) return std::move(row).error();
      rows.push_back(std::move(*row));
    }
    return rows;
  }

  /// A projector has one table, and whoever holds its checkpoint's lock is its only writer.
  [[nodiscard]] bool all_absent(const view_table& table, std::span<const json> rows) const {
    return std::ranges::all_of(rows, [&](const json& row) {
      return absent_.contains(row.at(table.key_column).get_ref<const std::string&>());
    });
  }

  std::shared_ptr<view_database> views_;
  std::optional<connection_pool::loan> connection_;  ///< Until the end of the transaction.
  std::unique_ptr<pqxx::work> work_;                 ///< Ends before its connection goes.
  const checkpoint_row checkpoint_;
  const position_t expected_;
  const position_t next_;
  std::unordered_set<std::string> absent_;  ///< Keys of which no row is there, as far as is known.
  bool not_looked_for_ = false;             ///< Some of them.
  /// Of all transactions since the table was empty; nullptr if that is not known.
  std::unique_ptr<written_keys> written_;
  std::optional<error> failure_;
  std::optional<error> lost_;  ///< What somebody else took first.
};

}  // namespace

result<std::unique_ptr<view_transaction>> begin_transaction(std::shared_ptr<view_database> views,
                                                            checkpoint_row checkpoint,
                                                            position_t expected, position_t next) {
  // The second time on a fresh connection, if an idle one turns out to be broken.
  for (bool again = false;; again = true) {
    auto lent =
        views->pool.borrow(again ? connection_pool::kind::fresh : connection_pool::kind::any);
    if (!lent) return std::move(lent).error();
    auto begun =
        std::make_unique<postgres_transaction>(views, std::move(*lent), checkpoint, expected, next);
    const auto ready = attempt([&]() -> result<void> {
      begun->begin();
      return {};
    });
    if (ready) return std::unique_ptr<view_transaction>(std::move(begun));
    if (again || begun->healthy()) return ready.error();
  }
}

result<void> resolve(connection_pool& pool, const checkpoint_row& checkpoint, position_t expected,
                     position_t next) {
  const auto now = on_connection(pool, [&](connection_pool::loan& lent) -> result<position_t> {
    pqxx::work work(*lent);
    return checkpoint.lock(work);
  });
  if (!now || expected == next) {
    return error{errc::in_doubt, "the connection was lost during a commit of '" +
                                     checkpoint.projector + "'" +
                                     (now ? "" : ": " + now.error().message)};
  }
  if (*now == next) return {};
  if (*now == expected) {
    return error{errc::unavailable, "the connection was lost before a commit of '" +
                                        checkpoint.projector +
                                        "' reached PostgreSQL; nothing was stored"};
  }
  return error{errc::conflict, "projector '" + checkpoint.projector + "' is at position " +
                                   std::to_string(*now) + ", moved by another"};
}

}  // namespace troupe::postgres
