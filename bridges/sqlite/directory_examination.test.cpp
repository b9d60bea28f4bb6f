#include "bridges/sqlite/directory_examination.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <fstream>

#include "bridges/sqlite/data_directory.hpp"
#include "bridges/sqlite/sqlite_event_log.hpp"
#include "test/contract/temporary_directory.hpp"

namespace troupe::sqlite {
namespace {

using contract::temporary_directory;

bool any_fails(const std::vector<diagnosis>& found) {
  return std::ranges::any_of(
      found, [](const diagnosis& one) { return one.what == diagnosis::level::fail; });
}

BOOST_AUTO_TEST_SUITE(examination_of_a_data_directory)

BOOST_AUTO_TEST_CASE(one_that_is_new_in_use_or_left_is_sound) {
  const temporary_directory place;
  const auto path = place.path() / "data";
  BOOST_TEST(!any_fails(examine_directory(path)));
  BOOST_TEST(!std::filesystem::exists(path));
  {
    auto directory = data_directory::open(path);
    BOOST_REQUIRE(directory);
    const auto log = open_event_log(*directory);
    BOOST_REQUIRE(log);
    // Nothing of it is checkpointed yet.
    const auto found = examine_directory(path);
    BOOST_TEST(!any_fails(found));
    BOOST_TEST((found.front().what == diagnosis::level::warn));
  }
  const auto found = examine_directory(path);
  BOOST_TEST(!any_fails(found));
  BOOST_TEST((found.front().what == diagnosis::level::ok));
}

BOOST_AUTO_TEST_CASE(an_empty_file_is_one_that_a_node_fills) {
  const temporary_directory place;
  std::ofstream(place.path() / "log.db").flush();
  BOOST_TEST(!any_fails(examine_directory(place.path())));
  BOOST_TEST(open_event_log(place.path()).has_value());
}

BOOST_AUTO_TEST_CASE(something_else_in_the_place_of_the_log_is_found) {
  const temporary_directory place;
  std::ofstream(place.path() / "log.db") << std::string(200, 'x');
  BOOST_TEST(any_fails(examine_directory(place.path())));
  // Also beside a write-ahead log.
  std::ofstream(place.path() / "log.db-wal") << "something";
  BOOST_TEST(any_fails(examine_directory(place.path())));
  std::ofstream(place.path() / "log.db") << "SQLite";
  BOOST_TEST(any_fails(examine_directory(place.path())));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe::sqlite
