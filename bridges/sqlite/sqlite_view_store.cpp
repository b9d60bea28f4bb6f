#include "bridges/sqlite/sqlite_view_store.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "bridges/sqlite/log_format.hpp"
#include "bridges/sqlite/row_batch.hpp"
#include "bridges/sqlite/schema_history.hpp"
#include "bridges/sqlite/view_database.hpp"
#include "bridges/sqlite/view_select.hpp"
#include "runtime/core/view_cursor.hpp"

namespace troupe::sqlite {
namespace {

class sqlite_transaction final : public view_transaction {
 public:
  sqlite_transaction(view_database::writer writer, table_layouts& layouts, std::string projector,
                     position_t expected, position_t next)
      : writer_(std::move(writer)),
        layouts_(layouts),
        projector_(std::move(projector)),
        expected_(expected),
        next_(next) {}

  result<std::vector<json>> fetch(const view_table& table,
                                  std::span<const std::string> keys) override {
    std::vector<json> rows;
    if (auto open = check_open(); !open) return open.error();
    auto layout = layouts_.of(**writer_, table);
    if (!layout) return std::move(layout).error();
    const auto& columns = **layout;
    auto query =
        (*writer_)->prepare("SELECT " + columns.selected + " FROM " + columns.quoted + " WHERE " +
                            columns.key_column().quoted + " IN (SELECT value FROM json_each(?1))");
    if (!query) return std::move(query).error();
    const auto wanted = key_array(keys);
    query->bind(0, wanted);
    for (;;) {
      auto more = query->step();
      if (!more) return std::move(more).error();
      if (!*more) return rows;
      auto row = columns.read_row(*query);
      if (!row) return std::move(row).error();
      rows.push_back(std::move(*row));
    }
  }

  result<void> upsert(const view_table& table, std::span<const json> rows) override {
    if (auto open = check_open(); !open) return open;
    auto layout = layouts_.of(**writer_, table);
    if (!layout) return std::move(layout).error();
    return upsert_rows(**writer_, table, **layout, rows);
  }

  result<void> remove(const view_table& table, std::span<const std::string> keys) override {
    if (auto open = check_open(); !open) return open;
    auto layout = layouts_.of(**writer_, table);
    if (!layout) return std::move(layout).error();
    auto erase = (*writer_)->prepare("DELETE FROM " + (*layout)->quoted + " WHERE " +
                                     (*layout)->key_column().quoted +
                                     " IN (SELECT value FROM json_each(?1))");
    if (!erase) return std::move(erase).error();
    const auto unwanted = key_array(keys);
    return erase->bind(0, unwanted).run();
  }

  result<void> park(std::span<const dead_letter> letters) override {
    if (auto open = check_open(); !open) return open;
    auto insert = (*writer_)->prepare(
        "INSERT INTO troupe_dead_letters (projector, \"key\", category, entity, position, version, "
        "event_id, type, reason, time) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)");
    if (!insert) return std::move(insert).error();
    for (const auto& letter : letters) {
      insert->bind(0, letter.projector)
          .bind(1, letter.key)
          .bind(2, letter.stream.category)
          .bind(3, letter.stream.id)
          .bind(4, clamped(letter.position))
          .bind(5, clamped(letter.version))
          .bind(6, letter.event_id)
          .bind(7, letter.type)
          .bind(8, letter.reason)
          .bind(9, millis(letter.time));
      if (auto parked = insert->run(); !parked) return parked;
    }
    return {};
  }

  result<void> unpark(std::span<const std::uint64_t> ids) override {
    if (auto open = check_open(); !open) return open;
    const std::set<std::uint64_t> wanted(ids.begin(), ids.end());
    {
      auto take = (*writer_)->prepare(
          "DELETE FROM troupe_dead_letters WHERE projector = ?1 AND id IN (SELECT value FROM "
          "json_each(?2))");
      if (!take) return std::move(take).error();
      const auto list = json(wanted).dump();
      if (auto taken = take->bind(0, projector_).bind(1, list).run(); !taken) return taken;
    }
    if ((*writer_)->changes() == static_cast<std::int64_t>(wanted.size())) return {};
    lost_ =
        error{errc::conflict, "a parked event of '" + projector_ + "' has been taken by another"};
    return *lost_;
  }

  result<void> commit() override {
    if (auto open = check_open(); !open) return open;
    auto moved = lost_ ? result<void>(*lost_) : move_checkpoint();
    if (moved) moved = (*writer_)->commit();
    // Whoever waits for a turn need not wait for this object to go.
    writer_.reset();
    return moved;
  }

 private:
  result<void> check_open() {
    if (writer_ && (*writer_)->in_transaction()) return {};
    return error{errc::internal, "this transaction of '" + projector_ + "' has ended already"};
  }

  result<void> move_checkpoint() {
    {
      auto move = (*writer_)->prepare(
          "INSERT INTO troupe_checkpoints SELECT ?1, ?3 WHERE ?2 = "
          "coalesce((SELECT position FROM troupe_checkpoints WHERE projector = ?1), 0) "
          "ON CONFLICT (projector) DO UPDATE SET position = excluded.position");
      if (!move) return std::move(move).error();
      move->bind(0, projector_).bind(1, clamped(expected_)).bind(2, clamped(next_));
      if (auto moved = move->run(); !moved) return moved;
    }
    if ((*writer_)->changes() == 1) return {};
    return error{errc::conflict, "projector '" + projector_ + "' is not at position " +
                                     std::to_string(expected_) + " any more"};
  }

  std::optional<view_database::writer> writer_;  ///< Until the end of the transaction.
  table_layouts& layouts_;
  const std::string projector_;
  const position_t expected_;
  const position_t next_;
  std::optional<error> lost_;  ///< What somebody else took first.
};

class sqlite_view_store final : public view_store {
 public:
  explicit sqlite_view_store(std::shared_ptr<view_database> opened) : views_(std::move(opened)) {}

  result<void> migrate(std::span<const migration> migrations, migration_mode mode) override {
    auto writer = view_database::lend(views_);
    if (!writer) return std::move(writer).error();
    return schema_history(**writer).bring_up(migrations, mode);
  }

  result<position_t> checkpoint(const std::string& projector) override {
    return read_from(views_->readers(), [&](database& reader) -> result<position_t> {
      auto query = reader.prepare("SELECT position FROM troupe_checkpoints WHERE projector = ?1");
      if (!query) return std::move(query).error();
      auto row = query->bind(0, projector).step();
      if (!row) return std::move(row).error();
      return *row ? query->unsigned_integer(0) : position_t{0};
    });
  }

  result<std::unique_ptr<view_transaction>> begin(const std::string& projector, position_t expected,
                                                  position_t next) override {
    auto writer = view_database::lend(views_);
    if (!writer) return std::move(writer).error();
    if (auto begun = (*writer)->begin(); !begun) return begun.error();
    return std::unique_ptr<view_transaction>(std::make_unique<sqlite_transaction>(
        std::move(*writer), views_->layouts(), projector, expected, next));
  }

  result<void> reset(const std::string& projector, const view_table& table) override {
    auto writer = view_database::lend(views_);
    if (!writer) return std::move(writer).error();
    auto layout = views_->layouts().of(**writer, table);
    if (!layout) return std::move(layout).error();
    if (auto begun = (*writer)->begin(); !begun) return begun;
    for (const auto* sql : {"DELETE FROM troupe_checkpoints WHERE projector = ?1",
                            "DELETE FROM troupe_dead_letters WHERE projector = ?1"}) {
      auto erase = (*writer)->prepare(sql);
      if (!erase) return std::move(erase).error();
      if (auto erased = erase->bind(0, projector).run(); !erased) return erased;
    }
    if (auto erased = (*writer)->execute("DELETE FROM " + (*layout)->quoted); !erased) {
      return erased;
    }
    return (*writer)->commit();
  }

  result<std::optional<std::string>> pause_reason(const std::string& projector) override {
    return read_from(
        views_->readers(), [&](database& reader) -> result<std::optional<std::string>> {
          auto query = reader.prepare("SELECT reason FROM troupe_pauses WHERE projector = ?1");
          if (!query) return std::move(query).error();
          auto row = query->bind(0, projector).step();
          if (!row) return std::move(row).error();
          return *row ? std::optional(query->string(0)) : std::nullopt;
        });
  }

  result<void> set_pause(const std::string& projector,
                         const std::optional<std::string>& reason) override {
    auto writer = view_database::lend(views_);
    if (!writer) return std::move(writer).error();
    auto change = (*writer)->prepare(
        reason ? "INSERT OR REPLACE INTO troupe_pauses (projector, reason) VALUES (?1, ?2)"
               : "DELETE FROM troupe_pauses WHERE projector = ?1");
    if (!change) return std::move(change).error();
    change->bind(0, projector);
    if (reason) change->bind(1, *reason);
    return change->run();
  }

  result<std::optional<json>> get(const view_table& table, const std::string& key) override {
    return read_from(views_->readers(), [&](database& reader) -> result<std::optional<json>> {
      auto layout = views_->layouts().of(reader, table);
      if (!layout) return std::move(layout).error();
      const auto& columns = **layout;
      auto query = reader.prepare("SELECT " + columns.selected + " FROM " + columns.quoted +
                                  " WHERE " + columns.key_column().quoted + " = ?1");
      if (!query) return std::move(query).error();
      auto found = query->bind(0, key).step();
      if (!found) return std::move(found).error();
      if (!*found) return std::optional<json>();
      auto row = columns.read_row(*query);
      if (!row) return std::move(row).error();
      return std::optional(std::move(*row));
    });
  }

  result<view_page> query(const view_table& table, const view_query& query) override {
    if (auto checked = check_query(query); !checked) return checked.error();
    return read_from(views_->readers(), [&](database& reader) -> result<view_page> {
      auto layout = views_->layouts().of(reader, table);
      if (!layout) return std::move(layout).error();
      return select_page(reader, table, **layout, query);
    });
  }

  result<std::vector<dead_letter>> dead_letters(const std::string& projector, std::uint64_t after,
                                                std::size_t limit) override {
    return read_from(views_->readers(), [&](database& reader) -> result<std::vector<dead_letter>> {
      auto query = reader.prepare(
          projector.empty()
              ? "SELECT id, projector, \"key\", category, entity, position, version, event_id, "
                "type, reason, time FROM troupe_dead_letters WHERE id > ?1 AND ?3 = '' "
                "ORDER BY id LIMIT ?2"
              : "SELECT id, projector, \"key\", category, entity, position, version, event_id, "
                "type, reason, time FROM troupe_dead_letters WHERE id > ?1 AND projector = ?3 "
                "ORDER BY id LIMIT ?2");
      if (!query) return std::move(query).error();
      query->bind(0, clamped(after)).bind(1, clamped(limit)).bind(2, projector);
      std::vector<dead_letter> letters;
      for (;;) {
        auto row = query->step();
        if (!row) return std::move(row).error();
        if (!*row) return letters;
        letters.push_back({query->unsigned_integer(0),
                           query->string(1),
                           query->string(2),
                           {query->string(3), query->string(4)},
                           query->unsigned_integer(5),
                           query->unsigned_integer(6),
                           query->string(7),
                           query->string(8),
                           query->string(9),
                           time_of(query->integer(10))});
      }
    });
  }

 private:
  std::shared_ptr<view_database> views_;
};

class sqlite_view_provider final : public view_provider {
 public:
  sqlite_view_provider(std::shared_ptr<data_directory> directory, missing_views missing)
      : directory_(std::move(directory)), missing_(missing) {}

  result<std::unique_ptr<view_store>> open(const std::string& feature,
                                           database_role role) override {
    if (auto checked = check_category(feature); !checked) {
      return error{errc::invalid, "feature name: " + checked.error().message};
    }
    const auto folder =
        directory_->path() / (role == database_role::views ? "views" : "microservices");
    const auto file = folder / (feature + ".db");
    std::error_code failed;
    if (missing_ == missing_views::not_found && !std::filesystem::exists(file, failed)) {
      return error{errc::not_found, file.string() + " is not there"};
    }
    std::filesystem::create_directories(folder, failed);
    if (failed) return error{errc::unavailable, folder.string() + ": " + failed.message()};

    const std::lock_guard lock(mutex_);
    auto& known = open_[file.string()];
    auto views = known.lock();
    if (!views) {
      auto opened = view_database::open(file);
      if (!opened) return std::move(opened).error();
      views = std::move(*opened);
      known = views;
    }
    return std::unique_ptr<view_store>(std::make_unique<sqlite_view_store>(std::move(views)));
  }

 private:
  const std::shared_ptr<data_directory> directory_;
  const missing_views missing_;
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<view_database>> open_;
};

}  // namespace

result<std::unique_ptr<view_store>> open_view_store(const std::filesystem::path& file) {
  auto opened = view_database::open(file);
  if (!opened) return std::move(opened).error();
  return std::unique_ptr<view_store>(std::make_unique<sqlite_view_store>(std::move(*opened)));
}

result<std::unique_ptr<view_provider>> open_views(std::shared_ptr<data_directory> directory,
                                                  missing_views missing) {
  return std::unique_ptr<view_provider>(
      std::make_unique<sqlite_view_provider>(std::move(directory), missing));
}

}  // namespace troupe::sqlite
