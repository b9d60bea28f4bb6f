#include "bridges/postgres/own_tables.hpp"

namespace troupe::postgres {
namespace {

/// Two nodes may make them at once; "IF NOT EXISTS" alone does not settle that.
constexpr const char* one_at_a_time = "SELECT pg_advisory_xact_lock(5283910473716589)";

/// Numbers of dead letters come from a row, not from a sequence: a sequence's numbers commit out of
/// order, and a reader that goes on "after" one of them would miss a lower one.
constexpr const char* tables = R"sql(
CREATE TABLE IF NOT EXISTS troupe_checkpoints (
  owner text NOT NULL,
  projector text NOT NULL,
  position bigint NOT NULL,
  PRIMARY KEY (owner, projector)
);
CREATE TABLE IF NOT EXISTS troupe_pauses (
  owner text NOT NULL,
  projector text NOT NULL,
  reason text NOT NULL,
  PRIMARY KEY (owner, projector)
);
CREATE TABLE IF NOT EXISTS troupe_dead_letter_numbers (
  owner text PRIMARY KEY,
  last bigint NOT NULL
);
CREATE TABLE IF NOT EXISTS troupe_dead_letters (
  owner text NOT NULL,
  id bigint NOT NULL,
  projector text NOT NULL,
  key text NOT NULL,
  category text NOT NULL,
  entity text NOT NULL,
  position bigint NOT NULL,
  version bigint NOT NULL,
  event_id text NOT NULL,
  type text NOT NULL,
  reason text NOT NULL,
  time timestamptz NOT NULL,
  PRIMARY KEY (owner, id)
);
CREATE INDEX IF NOT EXISTS troupe_dead_letters_by_projector
  ON troupe_dead_letters (owner, projector, id);
)sql";

}  // namespace

std::string owner_of(const std::string& feature, database_role role) {
  return feature + (role == database_role::views ? "/views" : "/microservice");
}

result<void> make_own_tables(pqxx::connection& connection) {
  {
    // Whoever may only read and write rows can open a database whose tables are there.
    pqxx::nontransaction work(connection);
    const auto there = work.exec(
        "SELECT to_regclass('troupe_checkpoints') IS NOT NULL AND "
        "to_regclass('troupe_dead_letters') IS NOT NULL AND "
        "to_regclass('troupe_pauses') IS NOT NULL AND "
        "to_regclass('troupe_dead_letter_numbers') IS NOT NULL");
    if (there[0][0].as<bool>()) return {};
  }
  pqxx::work work(connection);
  work.exec(one_at_a_time);
  work.exec(tables);
  work.commit();
  return {};
}

}  // namespace troupe::postgres
