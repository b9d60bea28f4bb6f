#include "runtime/node/database_places.hpp"

#include <boost/test/unit_test.hpp>

#include <map>

namespace troupe {
namespace {

using variables = std::map<std::string, std::string>;

std::string place(const std::string& flag, const variables& set,
                  const std::string& feature = "identity",
                  database_role role = database_role::views) {
  settings options;
  options.postgres = flag;
  const auto env = [&](const std::string& name) {
    const auto found = set.find(name);
    return found == set.end() ? std::nullopt : std::optional(found->second);
  };
  const auto found = place_of(options, env, feature, role);
  return found ? (found->shared ? "shared " : "own ") + found->url : "none";
}

BOOST_AUTO_TEST_SUITE(database_places)

BOOST_AUTO_TEST_CASE(a_feature_and_role_may_have_a_database_of_its_own) {
  const variables set = {{"VIEW_DB_IDENTITY", "postgres://v"}, {"MIC_DB_TO_DO", "postgres://m"}};
  BOOST_TEST(place("postgres://all", set) == "own postgres://v");
  BOOST_TEST(place("postgres://all", set, "identity", database_role::microservice) ==
             "shared postgres://all");
  BOOST_TEST(place("", set, "to-do", database_role::microservice) == "own postgres://m");
  BOOST_TEST(place("", set, "to-do") == "none");
  BOOST_TEST(place("", {{"VIEW_DB_IDENTITY", ""}}) == "none");
}

BOOST_AUTO_TEST_CASE(the_parts_that_a_secret_gives_make_a_url) {
  variables set = {{"POSTGRES_HOST", "db"},
                   {"POSTGRES_DB", "views"},
                   {"POSTGRES_USER", "zo@"},
                   {"POSTGRES_PASSWORD", "p/w:d"}};
  BOOST_TEST(place("", set) == "shared postgres://zo%40:p%2Fw%3Ad@db/views");
  set["POSTGRES_PORT"] = "5433";
  BOOST_TEST(place("", set) == "shared postgres://zo%40:p%2Fw%3Ad@db:5433/views");
  BOOST_TEST(place("postgres://all", set) == "shared postgres://all");
}

BOOST_AUTO_TEST_CASE(passwords_are_not_shown) {
  settings options;
  options.postgres = "postgres://zoe:hidden@db/views";
  const auto shown = options.to_json();
  BOOST_TEST(shown.at("postgres") == "postgres://zoe:***@db/views");
  BOOST_TEST(shown.dump().find("hidden") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
