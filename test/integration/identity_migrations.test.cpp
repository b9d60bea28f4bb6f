// The SQL files of a feature, run forward, back and forward again on SQLite.
#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

#include "actors/identity/feature.hpp"
#include "bridges/sqlite/database.hpp"
#include "bridges/sqlite/schema_history.hpp"
#include "runtime/core/feature.hpp"
#include "test/contract/contract.hpp"
#include "test/contract/temporary_directory.hpp"

namespace troupe {
namespace {

using contract::must;

/// Every table and index with its text, but for the table that counts the migrations.
std::string schema_of(sqlite::database& target) {
  auto query = must(target.prepare(
      "SELECT coalesce(group_concat(name || ': ' || coalesce(sql, '')), '') FROM (SELECT * FROM "
      "sqlite_schema WHERE tbl_name <> 'schema_migrations' ORDER BY name)"));
  must(query.step());
  return query.string(0);
}

BOOST_AUTO_TEST_SUITE(identity_migrations)

BOOST_AUTO_TEST_CASE(each_step_back_leaves_what_was_there_before_it) {
  const auto identity = identity::feature();
  for (const auto role : {database_role::views, database_role::microservice}) {
    const auto steps = must(parse_migrations(identity.migrations(role)));
    BOOST_TEST_REQUIRE(!steps.empty());
    const contract::temporary_directory place;
    auto target = must(sqlite::database::open(place / "x.db", sqlite::database::mode::create,
                                              std::chrono::seconds(5)));
    sqlite::schema_history history(*target);

    std::vector<std::string> before;
    for (const auto& step : steps) {
      before.push_back(schema_of(*target));
      must(history.up(step));
      BOOST_TEST(schema_of(*target) != before.back(), step.name << " changes nothing");
    }
    const auto whole = schema_of(*target);
    for (auto at = steps.size(); at-- > 0;) {
      must(history.down(steps[at], at == 0 ? std::nullopt : std::optional(steps[at - 1].version)));
      BOOST_TEST(schema_of(*target) == before[at], steps[at].name);
    }
    BOOST_TEST(!must(history.read()).version.has_value());
    must(history.bring_up(steps, migration_mode::apply));
    BOOST_TEST(schema_of(*target) == whole);
    BOOST_TEST(must(history.read()).version.value() == steps.back().version);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
