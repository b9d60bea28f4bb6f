#include "runtime/core/migration.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace troupe {
namespace {

using files = std::vector<std::pair<std::string, std::string>>;

std::string refusal(const files& given) {
  const auto parsed = parse_migrations(given);
  if (parsed) return "";
  BOOST_TEST((parsed.error().code == errc::invalid));
  return parsed.error().message;
}

BOOST_AUTO_TEST_SUITE(migration_files)

BOOST_AUTO_TEST_CASE(files_are_paired_and_ordered_by_number_not_by_name) {
  const auto parsed = parse_migrations({{"10_c.up.sql", "C"},
                                        {"000002_b.down.sql", "undo B"},
                                        {"000001_create_users.up.sql", "A"},
                                        {"000002_b.up.sql", "B"},
                                        {"000001_create_users.down.sql", "undo A"}});
  BOOST_TEST_REQUIRE(parsed.has_value());
  BOOST_TEST_REQUIRE(parsed->size() == 3U);
  const auto& [first, second, third] = std::tie((*parsed)[0], (*parsed)[1], (*parsed)[2]);
  BOOST_TEST((first.version == 1U && first.name == "create_users" && first.up == "A" &&
              first.down == "undo A"));
  BOOST_TEST(
      (second.version == 2U && second.name == "b" && second.up == "B" && second.down == "undo B"));
  BOOST_TEST((third.version == 10U && third.name == "c" && third.up == "C" && third.down.empty()));
}

BOOST_AUTO_TEST_CASE(no_files_are_no_migrations) {
  BOOST_TEST(parse_migrations({}).value().empty());
}

BOOST_AUTO_TEST_CASE(an_empty_up_file_is_a_migration) {
  BOOST_TEST(parse_migrations({{"1_nothing.up.sql", ""}}).value().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_number_may_be_a_time) {
  BOOST_TEST(parse_migrations({{"20260131123456_x.up.sql", ""}}).value().front().version ==
             20'260'131'123'456U);
}

BOOST_AUTO_TEST_CASE(a_file_with_another_name_is_refused_and_named) {
  for (const char* name :
       {"", "readme.md", "users.up.sql", "1.up.sql", "1_.up.sql", "_a.up.sql", "0_a.up.sql",
        "000000_a.up.sql", "-1_a.up.sql", "+1_a.up.sql", " 1_a.up.sql", "1a.up.sql", "1-a.up.sql",
        "1_a.sql", "1_a.UP.sql", "1_a.up.sql.bak", "99999999999999999999_a.up.sql", ".up.sql"}) {
    const auto message = refusal({{name, ""}});
    BOOST_TEST(message.find('\'' + std::string(name) + '\'') != std::string::npos,
               name << " -> " << message);
    BOOST_TEST(message.find("000001_create_users.up.sql") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(two_names_for_one_number_are_refused) {
  const auto message = refusal({{"1_a.up.sql", ""}, {"000001_b.up.sql", ""}});
  BOOST_TEST(message.find("migration 1 has two names, 'a' and 'b'") != std::string::npos, message);
  BOOST_TEST(!refusal({{"1_a.up.sql", ""}, {"1_b.down.sql", ""}}).empty());
}

BOOST_AUTO_TEST_CASE(a_way_back_without_a_way_forward_is_refused) {
  const auto message = refusal({{"1_a.up.sql", ""}, {"2_b.down.sql", ""}});
  BOOST_TEST(message.find("migration 2 'b' has no .up.sql file") != std::string::npos, message);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
