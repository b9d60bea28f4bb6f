#include "bridges/sqlite/schema_history.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "bridges/sqlite/column_types.hpp"
#include "bridges/sqlite/log_format.hpp"
#include "bridges/sqlite/sql_tokens.hpp"

namespace troupe::sqlite {
namespace {

bool controls_transaction(std::string_view sql) {
  const auto first = sql_tokens(sql).next();
  return first.is("BEGIN") || first.is("COMMIT") || first.is("END");
}

std::string title(const migration& step) {
  return "migration " + std::to_string(step.version) + " '" + step.name + "'";
}

std::string number(std::optional<std::uint64_t> version) {
  return version ? std::to_string(*version) : std::string("none");
}

}  // namespace

template <class Work>
result<void> schema_history::in_transaction(Work&& work) {
  if (auto begun = database_.begin(); !begun) return begun;
  result<void> done = work();
  if (done) done = database_.commit();
  database_.rollback();
  return done;
}

result<schema_history::state> schema_history::read() {
  const auto exists =
      database_.number("SELECT count(*) FROM sqlite_schema WHERE name = 'schema_migrations'");
  if (!exists) return exists.error();
  if (*exists == 0) return state{};
  auto query = database_.prepare("SELECT version, dirty FROM schema_migrations LIMIT 1");
  if (!query) return std::move(query).error();
  auto row = query->step();
  if (!row) return std::move(row).error();
  if (!*row) return state{};
  // The CLI writes -1 when undoing the very first migration has failed.
  state found{std::nullopt, query->integer(1) != 0};
  if (query->integer(0) >= 0) found.version = query->unsigned_integer(0);
  return found;
}

result<void> schema_history::write(std::optional<std::uint64_t> version, bool dirty) {
  if (auto made = database_.execute(
          "CREATE TABLE IF NOT EXISTS schema_migrations (version uint64,dirty bool);"
          "CREATE UNIQUE INDEX IF NOT EXISTS version_unique ON schema_migrations (version);"
          "DELETE FROM schema_migrations");
      !made || (!version && !dirty)) {
    return made;
  }
  auto insert = database_.prepare("INSERT INTO schema_migrations VALUES (?1, ?2)");
  if (!insert) return std::move(insert).error();
  return insert->bind(0, version ? clamped(*version) : -1).bind(1, std::int64_t{dirty}).run();
}

result<void> schema_history::run(std::string_view script) {
  std::int64_t seen = -1;
  for (;;) {
    auto next = database_.prepare_next(script);
    if (!next) return std::move(next).error();
    if (!*next) return {};
    if (controls_transaction((*next)->sql())) continue;
    if (auto done = (*next)->run(); !done) return done;
    next->reset();
    if (!database_.in_transaction()) {
      return error{errc::invalid,
                   "it ends the transaction that it runs in; take ROLLBACK out of it"};
    }
    const auto version = database_.number("PRAGMA schema_version");
    if (!version) return version.error();
    if (std::exchange(seen, *version) == *version) continue;
    if (auto kept = keep_text_as_text(database_); !kept) return kept;
  }
}

result<void> schema_history::up(const migration& step) {
  auto done = in_transaction([&]() -> result<void> {
    if (auto ran = run(step.up); !ran) return ran;
    return write(step.version);
  });
  if (done || done.error().code == errc::unavailable) return done;
  return error{errc::invalid, title(step) + " failed and changed nothing: " + done.error().message};
}

result<void> schema_history::down(const migration& step, std::optional<std::uint64_t> before) {
  if (step.down.empty()) {
    return error{errc::invalid, title(step) + " has no way back: add its .down.sql file"};
  }
  auto done = in_transaction([&]() -> result<void> {
    if (auto ran = run(step.down); !ran) return ran;
    return write(before);
  });
  if (done || done.error().code == errc::unavailable) return done;
  return error{errc::invalid,
               "undoing " + title(step) + " failed and changed nothing: " + done.error().message};
}

result<void> schema_history::force(std::optional<std::uint64_t> version, bool dirty) {
  return in_transaction([&] { return write(version, dirty); });
}

result<void> schema_history::run_alone(std::string_view script) {
  return in_transaction([&] { return run(script); });
}

result<void> schema_history::bring_up(std::span<const migration> migrations, migration_mode mode) {
  const auto now = read();
  if (!now) return now.error();
  if (now->dirty) {
    return error{errc::invalid, "the database is dirty: its migration " + number(now->version) +
                                    " failed half-way; mend the tables by hand, then run "
                                    "'troupe migrate force " +
                                    number(now->version) + "'"};
  }
  const std::uint64_t have = now->version.value_or(0);
  const std::uint64_t want = migrations.empty() ? 0 : migrations.back().version;
  if (have > want) {
    return error{errc::unsupported, "the database is at migration " + std::to_string(have) +
                                        ", this program knows " + std::to_string(want) +
                                        "; run the newer program"};
  }
  if (have < want && mode == migration_mode::check) {
    return error{errc::invalid, "the database is at migration " + number(now->version) +
                                    " and has to be at " + std::to_string(want) +
                                    "; run 'troupe migrate … up' or start with --migrate auto"};
  }
  // Tables that the CLI has made, with the types as they were written.
  if (auto kept = in_transaction([&] { return keep_text_as_text(database_); }); !kept) return kept;
  for (const auto& step : migrations) {
    if (step.version <= have) continue;
    if (auto done = up(step); !done) return done;
  }
  return {};
}

}  // namespace troupe::sqlite
