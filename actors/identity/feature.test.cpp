#include "actors/identity/feature.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <vector>

#include "runtime/core/json.hpp"

namespace identity {
namespace {

using troupe::database_role;

BOOST_AUTO_TEST_SUITE(identity_feature)

BOOST_AUTO_TEST_CASE(the_schema_describes_every_message) {
  const auto whole = feature();
  BOOST_TEST_REQUIRE(whole.aggregates().size() == 1U);
  const auto& aggregate = whole.aggregates().front();
  BOOST_TEST(aggregate.kernel->category() == "identity");
  const auto schema = troupe::parse_json(aggregate.json_schema);
  BOOST_TEST_REQUIRE(schema.has_value());
  const auto& definitions = schema->at("definitions");
  auto types = aggregate.kernel->command_types();
  const auto& events = aggregate.kernel->event_types();
  BOOST_TEST(types.size() == 5U);
  BOOST_TEST(events.size() == 5U);
  types.insert(types.end(), events.begin(), events.end());
  for (const auto& type : types) BOOST_TEST(definitions.contains(type), type);
  BOOST_TEST(schema->at("x-commands").size() == 5U);
  BOOST_TEST(schema->at("x-events").size() == 5U);
}

BOOST_AUTO_TEST_CASE(each_database_has_its_table_and_the_migration_that_makes_it) {
  const auto whole = feature();
  const auto table_in = [&](database_role role) {
    std::vector<std::string> names;
    for (const auto& one : whole.projections()) {
      if (one.role == role) names.push_back(one.kernel->table().name);
    }
    return names;
  };
  for (const auto& [role, table] : {std::pair(database_role::views, "users"),
                                    std::pair(database_role::microservice, "accounts")}) {
    BOOST_TEST((table_in(role) == std::vector<std::string>{table}));
    const auto migrations = troupe::parse_migrations(whole.migrations(role));
    BOOST_TEST_REQUIRE(migrations.has_value());
    BOOST_TEST_REQUIRE(migrations->size() == 1U);
    const auto& first = migrations->front();
    BOOST_TEST(first.version == 1U);
    BOOST_TEST(first.up.find(std::string("CREATE TABLE ") + table) != std::string::npos);
    BOOST_TEST(first.down.find(std::string("DROP TABLE ") + table) != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(
    every_member_of_a_row_is_a_quoted_column_of_its_migration_and_there_are_no_others) {
  const auto whole = feature();
  for (const auto& projection : whole.projections()) {
    const auto migrations = troupe::parse_migrations(whole.migrations(projection.role));
    BOOST_TEST_REQUIRE(migrations.has_value());
    const auto& sql = migrations->front().up;
    const auto table = sql.substr(sql.find('('), sql.find(");") - sql.find('('));
    // The default row shows which members there are.
    troupe::json members;
    const bool of_users = projection.kernel->handles("UserAdded");
    troupe::recorded_event event{
        {"e", of_users ? "UserAdded" : "AccountLocked", {}, {}}, {"identity", "1"}, 1, 1};
    event.event.metadata = troupe::json::object();
    event.event.data =
        of_users ? troupe::json{{"id", "1"},       {"auth0Id", ""},         {"email", ""},
                                {"firstName", ""}, {"emailVerified", true}, {"lastName", ""},
                                {"picture", ""},   {"locale", ""}}
                 : troupe::json{{"reason", ""}, {"lockedBy", ""}};
    const auto decoded = projection.kernel->decode(event);
    BOOST_TEST_REQUIRE(decoded.has_value());
    auto fold = projection.kernel->fold(nullptr);
    (*fold)->apply(**decoded);
    members = (*fold)->row().value();
    for (const auto& [name, value] : members.items()) {
      BOOST_TEST(table.find('"' + name + "\" ") != std::string::npos, name);
    }
    BOOST_TEST(static_cast<std::size_t>(std::ranges::count(table, '"')) == 2 * members.size());
  }
}

BOOST_AUTO_TEST_CASE(an_add_user_command_finds_its_entity_by_its_auth0_id) {
  const auto whole = feature();
  const auto& kernel = *whole.aggregates().front().kernel;
  troupe::json data{
      {"auth0Id", "auth0|zoe"}, {"email", ""},   {"emailVerified", true}, {"firstName", ""},
      {"lastName", ""},         {"picture", ""}, {"locale", ""}};
  const auto id = kernel.entity_of("AddUser", data, "command-1");
  BOOST_TEST_REQUIRE(id.has_value());
  BOOST_TEST(*id == kernel.entity_of("AddUser", data, "command-2").value());
  data["auth0Id"] = "auth0|max";
  BOOST_TEST(*id != kernel.entity_of("AddUser", data, "command-1").value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace identity
