#include "bridges/postgres/schema_history.hpp"

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "bridges/postgres/connection_pool.hpp"

namespace troupe::postgres {
namespace {

/// The CRC-32 of zip files (reflected polynomial 0xEDB88320).
std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t sum = 0xFFFFFFFFU;
  for (const char byte : bytes) {
    sum ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) sum = (sum >> 1U) ^ ((sum & 1U) != 0 ? 0xEDB88320U : 0U);
  }
  return ~sum;
}

/// The number by which the golang-migrate CLI locks a table of migrations.
std::uint32_t lock_id(const std::string& schema, const std::string& table,
                      const std::string& database) {
  constexpr std::uint32_t salt = 1486364155;
  return crc32(schema + '\0' + table + '\0' + database) * salt;
}

class schema_history final : public migration_target {
 public:
  schema_history(std::unique_ptr<pqxx::connection> connection, std::string schema,
                 std::string table, std::uint32_t lock)
      : connection_(std::move(connection)),
        schema_(std::move(schema)),
        table_(std::move(table)),
        qualified_(quote_name(schema_) + '.' + quote_name(table_)),
        lock_(lock) {}

  result<void> lock(std::chrono::milliseconds patience) override {
    auto taken = in_session([&](pqxx::nontransaction& work) {
      work.exec("SET lock_timeout = " + std::to_string(patience.count()));
      work.exec_params("SELECT pg_advisory_lock($1)", std::int64_t{lock_});
      work.exec("SET lock_timeout = 0");
    });
    if (taken || !connection_->is_open()) return taken;
    return error{errc::unavailable,
                 "timeout: can't acquire database lock; another migration is under way (" +
                     taken.error().message + ")"};
  }

  void unlock() override {
    // If this fails, the end of the connection unlocks.
    static_cast<void>(in_session([&](pqxx::nontransaction& work) {
      work.exec_params("SELECT pg_advisory_unlock($1)", std::int64_t{lock_});
    }));
  }

  result<schema_state> read() override {
    return attempt([&]() -> result<schema_state> {
      pqxx::nontransaction work(*connection_);
      if (work.exec_params("SELECT to_regclass($1)", qualified_)[0][0].is_null()) {
        return schema_state{};
      }
      const auto rows = work.exec("SELECT version, dirty FROM " + qualified_ + " LIMIT 1");
      if (rows.empty()) return schema_state{};
      // -1 with a dirty mark: undoing the very first migration has failed.
      schema_state found{std::nullopt, rows[0][1].as<bool>()};
      const auto version = rows[0][0].as<std::int64_t>();
      if (version >= 0) found.version = static_cast<std::uint64_t>(version);
      return found;
    });
  }

  result<void> write(const schema_state& state) override {
    return attempt([&]() -> result<void> {
      pqxx::work work(*connection_);
      work.exec("CREATE TABLE IF NOT EXISTS " + qualified_ +
                " (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL)");
      work.exec("TRUNCATE " + qualified_);
      if (state.version || state.dirty) {
        work.exec_params("INSERT INTO " + qualified_ + " (version, dirty) VALUES ($1, $2)",
                         state.version ? static_cast<std::int64_t>(*state.version) : -1,
                         state.dirty);
      }
      work.commit();
      return {};
    });
  }

  result<void> run(const std::string& script) override {
    return in_session([&](pqxx::nontransaction& work) {
      // Nothing but a comment is no statement either.
      if (!script.empty()) work.exec(script);
    });
  }

 private:
  template <class Work>
  result<void> in_session(Work&& work) {
    return attempt([&]() -> result<void> {
      pqxx::nontransaction session(*connection_);
      work(session);
      session.commit();
      return {};
    });
  }

  std::unique_ptr<pqxx::connection> connection_;
  const std::string schema_;
  const std::string table_;
  const std::string qualified_;
  const std::uint32_t lock_;
};

}  // namespace

result<std::unique_ptr<migration_target>> open_schema_history(const address& where) {
  auto connection = connect(where, std::chrono::milliseconds(0));
  if (!connection) return std::move(connection).error();
  return attempt([&]() -> result<std::unique_ptr<migration_target>> {
    std::string schema;
    std::string database;
    {
      pqxx::nontransaction work(**connection);
      const auto here = work.exec("SELECT current_schema(), current_database()");
      if (here[0][0].is_null()) {
        return error{errc::invalid, where.shown +
                                        ": the search_path names no schema that exists; create it "
                                        "first"};
      }
      schema = here[0][0].c_str();
      database = here[0][1].c_str();
    }
    const auto table =
        where.migrations_table.empty() ? std::string("schema_migrations") : where.migrations_table;
    const auto id = lock_id(schema, table, database);
    return std::unique_ptr<migration_target>(
        std::make_unique<schema_history>(std::move(*connection), schema, table, id));
  });
}

}  // namespace troupe::postgres
