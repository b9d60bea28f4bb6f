#include "bridges/sqlite/data_directory.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <functional>
#include <string>

#include "test/contract/contract.hpp"
#include "test/contract/temporary_directory.hpp"

namespace troupe::sqlite {
namespace {

using contract::must;
using contract::temporary_directory;

/// Runs the check in another process.
bool in_another_process(const std::function<bool()>& check) {
  const auto child = ::fork();
  if (child == 0) ::_exit(check() ? 0 : 1);
  int status = 1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

BOOST_AUTO_TEST_SUITE(data_directories)

BOOST_AUTO_TEST_CASE(a_missing_directory_is_made) {
  temporary_directory parent;
  const auto opened = must(data_directory::open(parent / "a" / "b"));
  BOOST_TEST(std::filesystem::is_directory(opened->path()));
}

BOOST_AUTO_TEST_CASE(a_second_process_is_told_who_holds_the_directory_and_what_to_do) {
  temporary_directory place;
  const auto held = must(data_directory::open(place.path()));
  const auto owner = ::getpid();
  BOOST_TEST(in_another_process([&] {
    const auto second = data_directory::open(place.path());
    return !second && second.error().code == errc::unavailable &&
           second.error().message == "data directory " + place.path().string() +
                                         " is in use by process " + std::to_string(owner) +
                                         "; stop it or choose another --data";
  }));
}

BOOST_AUTO_TEST_CASE(the_same_process_cannot_hold_it_twice_either) {
  temporary_directory place;
  auto held = must(data_directory::open(place.path()));
  BOOST_TEST(!data_directory::open(place.path()).has_value());
  held.reset();
  BOOST_TEST(data_directory::open(place.path()).has_value());
}

BOOST_AUTO_TEST_CASE(a_dead_process_holds_nothing) {
  temporary_directory place;
  BOOST_TEST(in_another_process([&] { return data_directory::open(place.path()).has_value(); }));
  BOOST_TEST(data_directory::open(place.path()).has_value());
}

BOOST_AUTO_TEST_CASE(a_directory_that_cannot_be_written_is_a_clear_error) {
  temporary_directory place;
  std::ofstream(place / "file") << "text";
  std::vector<std::filesystem::path> unusable = {place / "file", place / "file" / "data"};
  if (::geteuid() != 0) {
    std::filesystem::create_directory(place / "locked");
    std::filesystem::permissions(
        place / "locked", std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
    unusable.push_back(place / "locked");
  }
  for (const auto& path : unusable) {
    const auto opened = data_directory::open(path);
    BOOST_TEST_REQUIRE(!opened.has_value(), path);
    BOOST_TEST((opened.error().code == errc::unavailable));
    BOOST_TEST(opened.error().message.find(path.string()) != std::string::npos);
    BOOST_TEST(opened.error().message.find("--data") != std::string::npos);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe::sqlite
