#include "actors/identity/microservice/accounts.hpp"

#include <boost/test/unit_test.hpp>

#include "runtime/testkit/projection_scenario.hpp"

namespace identity {
namespace {

using troupe::testkit::event;
using troupe::testkit::project;

const UserAdded seven_added{"7", "auth0|zoe", "zoe@example.org", true, "Zoë", "B", "", "en"};

BOOST_AUTO_TEST_SUITE(accounts_table)

BOOST_AUTO_TEST_CASE(an_account_that_nobody_has_locked_has_no_row) {
  project<accounts>({event(seven_added).of("7").by("user-7")}).then_no_row("7");
}

BOOST_AUTO_TEST_CASE(a_row_tells_who_last_changed_the_status_when_and_why) {
  const auto added = event(seven_added).of("7");
  const auto locked =
      event(AccountLocked{"fraud", "admin-1"}).of("7").at("2026-03-02T00:00:00.000Z");
  const auto unlocked =
      event(AccountUnlocked{"a mistake", "admin-2"}).of("7").at("2026-03-03T00:00:00.000Z");
  const auto closed =
      event(AccountClosed{"moved away", "admin-3"}).of("7").at("2026-03-04T00:00:00.000Z");
  const auto row = [](const char* status, const char* reason, const char* by, const char* time) {
    return troupe::json{
        {"id", "7"}, {"status", status}, {"reason", reason}, {"changedBy", by}, {"changed", time}};
  };
  project<accounts>({added, locked})
      .then_row("7", row("locked", "fraud", "admin-1", "2026-03-02T00:00:00.000Z"));
  project<accounts>({added, locked, unlocked})
      .then_row("7", row("open", "a mistake", "admin-2", "2026-03-03T00:00:00.000Z"));
  project<accounts>({added, locked, unlocked, closed})
      .then_row("7", row("closed", "moved away", "admin-3", "2026-03-04T00:00:00.000Z"));
}

BOOST_AUTO_TEST_CASE(a_change_of_the_profile_leaves_the_row_alone) {
  const auto locked = event(AccountLocked{"fraud", "admin-1"}).of("7");
  const auto before = project<accounts>({locked}).row("7");
  project<accounts>({locked, event(UserModified{"Z", "", "", ""}).of("7").by("admin-1")})
      .then_row("7", before);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace identity
