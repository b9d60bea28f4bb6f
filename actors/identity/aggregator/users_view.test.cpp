#include "actors/identity/aggregator/users_view.hpp"

#include <boost/test/unit_test.hpp>

#include "runtime/testkit/projection_scenario.hpp"

namespace identity {
namespace {

using troupe::json;
using troupe::testkit::event;
using troupe::testkit::project;

const auto added = event(UserAdded{"7", "auth0|zoe", "zoë@exämple.org", true, "Zoë", "李小龍",
                                   "https://example.org/z", "en-GB"})
                       .of("7")
                       .at("2026-03-01T12:00:00.123Z");

json row_of_zoe(const json& changes = json::object()) {
  json row{{"id", "7"},
           {"auth0Id", "auth0|zoe"},
           {"email", "zoë@exämple.org"},
           {"emailVerified", true},
           {"firstName", "Zoë"},
           {"lastName", "李小龍"},
           {"picture", "https://example.org/z"},
           {"locale", "en-GB"},
           {"status", "open"},
           {"created", "2026-03-01T12:00:00.123Z"},
           {"updated", "2026-03-01T12:00:00.123Z"}};
  row.update(changes);
  return row;
}

BOOST_AUTO_TEST_SUITE(users_view_rows)

BOOST_AUTO_TEST_CASE(a_user_who_was_added_has_a_row_under_the_entity_id) {
  project<users_view>({added}).then_row("7", row_of_zoe()).then_no_row("8");
}

BOOST_AUTO_TEST_CASE(a_modified_user_shows_the_new_values_and_the_time_of_the_change) {
  project<users_view>(
      {added, event(UserModified{"Zoé", "", "p", "fr"}).of("7").at("2026-03-02T00:00:00.000Z")})
      .then_row("7", row_of_zoe({{"firstName", "Zoé"},
                                 {"lastName", ""},
                                 {"picture", "p"},
                                 {"locale", "fr"},
                                 {"updated", "2026-03-02T00:00:00.000Z"}}));
}

BOOST_AUTO_TEST_CASE(the_status_follows_the_account) {
  const auto locked =
      event(AccountLocked{"fraud", "admin-1"}).of("7").at("2026-03-02T00:00:00.000Z");
  const auto unlocked =
      event(AccountUnlocked{"a mistake", "admin-1"}).of("7").at("2026-03-03T00:00:00.000Z");
  const auto closed =
      event(AccountClosed{"moved away", "admin-1"}).of("7").at("2026-03-04T00:00:00.000Z");
  project<users_view>({added, locked})
      .then_row("7", row_of_zoe({{"status", "locked"}, {"updated", "2026-03-02T00:00:00.000Z"}}));
  project<users_view>({added, locked, unlocked})
      .then_row("7", row_of_zoe({{"status", "open"}, {"updated", "2026-03-03T00:00:00.000Z"}}));
  project<users_view>({added, locked, unlocked, closed})
      .then_row("7", row_of_zoe({{"status", "closed"}, {"updated", "2026-03-04T00:00:00.000Z"}}));
}

BOOST_AUTO_TEST_CASE(users_do_not_touch_each_others_rows) {
  const auto max =
      event(UserAdded{"8", "auth0|max", "max@example.org", false, "Max", "M", "", ""}).of("8");
  const auto rows = project<users_view>({added, max, event(AccountLocked{"fraud", ""}).of("8")});
  rows.then_row("7", row_of_zoe());
  BOOST_TEST(rows.row("8").at("status") == "locked");
  BOOST_TEST(rows.row("8").at("emailVerified") == false);
}

BOOST_AUTO_TEST_CASE(an_event_of_a_user_who_was_never_added_is_parked) {
  for (const auto& stray :
       {event(UserModified{"Z", "", "", ""}), event(AccountLocked{"fraud", ""}),
        event(AccountUnlocked{"fraud", ""}), event(AccountClosed{"fraud", ""})}) {
    project<users_view>({stray}).then_no_row("1").then_parked(stray.type(), "no UserAdded");
  }
}

BOOST_AUTO_TEST_CASE(events_of_later_versions_are_passed_over) {
  project<users_view>(
      {added, troupe::testkit::placed_event("UserPromoted", json::object()).of("7")})
      .then_row("7", row_of_zoe());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace identity
