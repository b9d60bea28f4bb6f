#include "bridges/postgres/postgres_view_store.hpp"

#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "bridges/postgres/dead_letters.hpp"
#include "bridges/postgres/own_tables.hpp"
#include "bridges/postgres/parameters.hpp"
#include "bridges/postgres/schema_history.hpp"
#include "bridges/postgres/view_select.hpp"
#include "bridges/postgres/view_transaction.hpp"
#include "runtime/core/view_cursor.hpp"

namespace troupe::postgres {
namespace {

/// Whose store this is, in its database.
struct tenant {
  std::string feature;
  database_role role = database_role::views;
  address where;  ///< With the table that counts its migrations.
};

/// Rows that are deleted stay in the table and its indexes until a vacuum, and slow down those that
/// take their place. So the table is cut, if nobody holds it and we may; it waits for a moment
/// only, since those who come later wait behind it.
void empty(pqxx::work& work, const std::string& quoted_table) {
  try {
    pqxx::subtransaction cut(work, "cut");
    cut.exec("SET LOCAL lock_timeout = '500ms'");
    cut.exec("TRUNCATE " + quoted_table);
    cut.exec("SET LOCAL lock_timeout = 0");
    cut.commit();
  } catch (const pqxx::sql_error&) {
    work.exec("DELETE FROM " + quoted_table);
  }
}

class postgres_view_store final : public view_store {
 public:
  postgres_view_store(std::shared_ptr<view_database> views, tenant whose)
      : views_(std::move(views)),
        tenant_(std::move(whose)),
        owner_(owner_of(tenant_.feature, tenant_.role)) {}

  result<void> migrate(std::span<const migration> migrations, migration_mode mode) override {
    auto history = open_schema_history(tenant_.where);
    if (!history) return std::move(history).error();
    auto done = bring_up(**history, migrations, mode, mend());
    views_->layouts.forget();
    if (done) return done;
    return error{done.error().code, tenant_.where.shown + ": " + done.error().message};
  }

  result<position_t> checkpoint(const std::string& projector) override {
    return read_from(views_->pool, [&](pqxx::transaction_base& reader) -> result<position_t> {
      return checkpoint_row{owner_, projector}.read(reader);
    });
  }

  result<std::unique_ptr<view_transaction>> begin(const std::string& projector, position_t expected,
                                                  position_t next) override {
    return begin_transaction(views_, {owner_, projector}, expected, next);
  }

  result<void> reset(const std::string& projector, const view_table& table) override {
    return on_connection(views_->pool, [&](connection_pool::loan& lent) -> result<void> {
      pqxx::work work(*lent);
      auto layout = views_->layouts.of(work, table);
      if (!layout) return std::move(layout).error();
      // A big table takes longer than other statements may.
      work.exec("SET LOCAL statement_timeout = 0");
      checkpoint_row{owner_, projector}.lock(work);
      empty(work, (*layout)->quoted);
      for (const auto* sql :
           {"DELETE FROM troupe_dead_letters WHERE owner = $1 AND projector = $2",
            "DELETE FROM troupe_checkpoints WHERE owner = $1 AND projector = $2"}) {
        work.exec_params(sql, owner_, projector);
      }
      work.commit();
      views_->keys.start_anew(checkpoint_row{owner_, projector}.name());
      return {};
    });
  }

  result<std::optional<std::string>> pause_reason(const std::string& projector) override {
    return read_from(views_->pool,
                     [&](pqxx::transaction_base& reader) -> result<std::optional<std::string>> {
                       const auto found = reader.exec_params(
                           "SELECT reason FROM troupe_pauses WHERE owner = $1 AND projector = $2",
                           owner_, projector);
                       if (found.empty()) return std::optional<std::string>();
                       return std::optional(found[0][0].as<std::string>());
                     });
  }

  result<void> set_pause(const std::string& projector,
                         const std::optional<std::string>& reason) override {
    return on_connection(views_->pool, [&](connection_pool::loan& lent) -> result<void> {
      pqxx::work work(*lent);
      if (reason) {
        work.exec_params(
            "INSERT INTO troupe_pauses (owner, projector, reason) VALUES ($1, $2, $3) "
            "ON CONFLICT (owner, projector) DO UPDATE SET reason = excluded.reason",
            owner_, projector, *reason);
      } else {
        work.exec_params("DELETE FROM troupe_pauses WHERE owner = $1 AND projector = $2", owner_,
                         projector);
      }
      work.commit();
      return {};
    });
  }

  result<std::optional<json>> get(const view_table& table, const std::string& key) override {
    return read_from(
        views_->pool, [&](pqxx::transaction_base& reader) -> result<std::optional<json>> {
          auto layout = views_->layouts.of(reader, table);
          if (!layout) return std::move(layout).error();
          const auto& columns = **layout;
          auto wanted = columns.key_column().wanted(json(key));
          if (!wanted) return std::move(wanted).error();
          if (!*wanted) return std::optional<json>();
          parameters values;
          const auto bound = values.add(std::move(**wanted));
          const auto found =
              values.run(reader, "SELECT " + columns.selected + " FROM " + columns.quoted +
                                     " WHERE " + columns.key_column().quoted + " = " + bound +
                                     "::" + columns.key_column().type);
          if (found.empty()) return std::optional<json>();
          auto row = columns.read_row(found[0]);
          if (!row) return std::move(row).error();
          return std::optional(std::move(*row));
        });
  }

  result<view_page> query(const view_table& table, const view_query& query) override {
    if (auto checked = check_query(query); !checked) return checked.error();
    return read_from(views_->pool, [&](pqxx::transaction_base& reader) -> result<view_page> {
      auto layout = views_->layouts.of(reader, table);
      if (!layout) return std::move(layout).error();
      return select_page(reader, table, **layout, query);
    });
  }

  result<std::vector<dead_letter>> dead_letters(const std::string& projector, std::uint64_t after,
                                                std::size_t limit) override {
    return read_from(views_->pool, [&](pqxx::transaction_base& reader) {
      return read_letters(reader, owner_, projector, after, limit);
    });
  }

 private:
  /// What brings the database up to date, for whoever finds it behind.
  [[nodiscard]] std::string mend() const {
    const auto* folder = tenant_.role == database_role::views ? "aggregator" : "microservice";
    auto text = "run 'troupe migrate -path actors/" + tenant_.feature + '/' + folder +
                "/migrations -database URL up'";
    if (!tenant_.where.migrations_table.empty()) {
      text += " with x-migrations-table=" + tenant_.where.migrations_table + " in the URL";
    }
    return text + ", or start with --migrate auto";
  }

  const std::shared_ptr<view_database> views_;
  const tenant tenant_;
  const std::string owner_;
};

result<address> read_address(const std::string& url) {
  const auto parsed = parse_database_url(url);
  if (!parsed) return parsed.error();
  return parse_address(*parsed);
}

result<std::shared_ptr<view_database>> open_database(const address& where) {
  auto views = std::make_shared<view_database>(where);
  const auto made = on_connection(
      views->pool, [](connection_pool::loan& lent) { return make_own_tables(*lent); });
  if (!made) return made.error();
  return views;
}

class postgres_view_provider final : public view_provider {
 public:
  explicit postgres_view_provider(database_finder find) : find_(std::move(find)) {}

  result<std::unique_ptr<view_store>> open(const std::string& feature,
                                           database_role role) override {
    const bool views_role = role == database_role::views;
    const auto what = (views_role ? "views of '" : "private data of '") + feature + "'";
    const auto place = find_(feature, role);
    if (!place) {
      return error{errc::invalid,
                   "no database is configured for the " + what + "; give --postgres URL"};
    }
    auto where = read_address(place->url);
    if (!where) return error{where.error().code, "the " + what + ": " + where.error().message};
    const std::lock_guard lock(mutex_);
    if (place->shared && where->migrations_table.empty()) {
      if (views_role && first_.empty()) first_ = feature;
      if (!views_role || first_ != feature) {
        where->migrations_table =
            "schema_migrations_" + feature + (views_role ? "" : "_microservice");
      }
    }
    auto& known = open_[where->connection + '\n' + where->search_path];
    auto views = known.lock();
    if (!views) {
      auto opened = open_database(*where);
      if (!opened) return std::move(opened).error();
      views = std::move(*opened);
      known = views;
    }
    return std::unique_ptr<view_store>(std::make_unique<postgres_view_store>(
        std::move(views), tenant{feature, role, std::move(*where)}));
  }

 private:
  const database_finder find_;
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<view_database>> open_;
  std::string first_;  ///< The feature whose views count in schema_migrations of a shared database.
};

}  // namespace

std::unique_ptr<view_provider> open_views(database_finder find) {
  return std::make_unique<postgres_view_provider>(std::move(find));
}

result<std::unique_ptr<view_store>> open_view_store(const std::string& url,
                                                    const std::string& feature,
                                                    database_role role) {
  return open_views([&](const std::string&, database_role) {
           return std::optional(database_place{url, false});
         })
      ->open(feature, role);
}

result<std::unique_ptr<migration_target>> open_migration_target(const std::string& url) {
  auto where = read_address(url);
  if (!where) return std::move(where).error();
  return open_schema_history(*where);
}

}  // namespace troupe::postgres
