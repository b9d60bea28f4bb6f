#include "actors/identity/microservice/user.hpp"

#include <rapidcheck.h>
#include <boost/test/unit_test.hpp>

#include <vector>

#include "runtime/core/aggregate.hpp"
#include "runtime/testkit/scenario.hpp"

namespace identity {
namespace {

using troupe::json;
using troupe::testkit::given;

const std::string zoe_id = "e85f54d1-d0d4-5a4e-9c17-df41643ac48c";

const AddUser add_zoe{{},    "auth0|zoe", "zoe@example.org",           true,
                      "Zoë", "Ελένη",     "https://example.org/z.png", "en-GB"};
const UserAdded zoe_added{zoe_id, "auth0|zoe", "zoe@example.org",           true,
                          "Zoë",  "Ελένη",     "https://example.org/z.png", "en-GB"};
const AccountLocked locked{"fraud", "admin-1"};
const AccountUnlocked unlocked{"a mistake", "admin-1"};
const AccountClosed closed{"moved away", "admin-1"};
const ModifyUser same_names{"Zoë", "Ελένη", "https://example.org/z.png", "en-GB"};
const ModifyUser new_names{"Zoé", "李小龍 👩🏽‍🚀", "", ""};

BOOST_AUTO_TEST_SUITE(user_decides)

BOOST_AUTO_TEST_CASE(adding_an_unknown_user_adds_them_under_the_derived_id) {
  given<user>().when(add_zoe).then(zoe_added);
}

BOOST_AUTO_TEST_CASE(the_derived_id_may_be_sent_along) {
  auto command = add_zoe;
  command.id = zoe_id;
  given<user>().when(command).then(zoe_added);
}

BOOST_AUTO_TEST_CASE(another_id_than_the_derived_one_is_refused_and_the_right_one_named) {
  auto command = add_zoe;
  command.id = "4711";
  given<user>()
      .when(command)
      .then_rejected("wrong-id", zoe_id)
      .then_rejected("wrong-id", "leave id out");
  given<user>(zoe_added).when(command).then_rejected("wrong-id");
}

BOOST_AUTO_TEST_CASE(adding_a_user_again_changes_nothing_whatever_the_rest_says) {
  given<user>(zoe_added).when(add_zoe).then_nothing();
  const AddUser other_names{{}, "auth0|zoe", "other@example.org", false, "Z", "E", "", ""};
  given<user>(zoe_added).when(other_names).then_nothing();
  given<user>(zoe_added, UserModified{"Z", "E", "", ""}).when(add_zoe).then_nothing();
}

BOOST_AUTO_TEST_CASE(adding_a_locked_user_again_changes_nothing) {
  given<user>(zoe_added, locked).when(add_zoe).then_nothing();
}

BOOST_AUTO_TEST_CASE(adding_a_closed_user_again_is_refused) {
  given<user>(zoe_added, closed)
      .when(add_zoe)
      .then_rejected("account-closed", "sign up with another account");
}

BOOST_AUTO_TEST_CASE(a_user_cannot_be_added_to_the_entity_of_another) {
  auto command = add_zoe;
  command.auth0Id = "auth0|max";
  given<user>(zoe_added).when(command).then_rejected("wrong-id", user::entity_of(command));
}

BOOST_AUTO_TEST_CASE(the_entity_of_an_account_is_the_same_for_ever) {
  BOOST_TEST(user::entity_of(add_zoe) == zoe_id);
}

BOOST_AUTO_TEST_CASE(a_modified_user_has_all_four_members_replaced) {
  given<user>(zoe_added).when(new_names).then(
      UserModified{"Zoé", "李小龍 👩🏽‍🚀", "", ""});
}

BOOST_AUTO_TEST_CASE(any_one_member_makes_a_modification) {
  for (auto member :
       {&ModifyUser::firstName, &ModifyUser::lastName, &ModifyUser::picture, &ModifyUser::locale}) {
    auto command = same_names;
    command.*member += "x";
    given<user>(zoe_added).when(command).then(
        UserModified{command.firstName, command.lastName, command.picture, command.locale});
  }
}

BOOST_AUTO_TEST_CASE(the_same_values_are_no_modification) {
  given<user>(zoe_added).when(same_names).then_nothing();
  given<user>(zoe_added, UserModified{"Zoé", "李小龍 👩🏽‍🚀", "", ""})
      .when(new_names)
      .then_nothing();
}

BOOST_AUTO_TEST_CASE(text_that_only_looks_the_same_is_a_modification) {
  auto command = same_names;
  command.firstName = "Zoe\u0308";
  given<user>(zoe_added).when(command).then(
      UserModified{"Zoe\u0308", "Ελένη", "https://example.org/z.png", "en-GB"});
}

BOOST_AUTO_TEST_CASE(nothing_can_be_asked_of_an_unknown_user) {
  given<user>().when(new_names).then_rejected("user-not-found", "AddUser");
  given<user>().when(LockAccount{"fraud"}).then_rejected("user-not-found", "AddUser");
  given<user>().when(UnlockAccount{"fraud"}).then_rejected("user-not-found", "AddUser");
  given<user>().when(CloseAccount{"fraud"}).then_rejected("user-not-found", "AddUser");
}

BOOST_AUTO_TEST_CASE(a_locked_user_cannot_be_modified_not_even_to_the_same_values) {
  given<user>(zoe_added, locked).when(new_names).then_rejected("account-locked", "UnlockAccount");
  given<user>(zoe_added, locked).when(same_names).then_rejected("account-locked", "UnlockAccount");
}

BOOST_AUTO_TEST_CASE(an_unlocked_user_can_be_modified_again) {
  given<user>(zoe_added, locked, unlocked)
      .when(new_names)
      .then(UserModified{"Zoé", "李小龍 👩🏽‍🚀", "", ""});
}

BOOST_AUTO_TEST_CASE(locking_names_the_reason_and_who_did_it) {
  given<user>(zoe_added).by("admin-1").when(LockAccount{"fraud"}).then(locked);
  given<user>(zoe_added).when(LockAccount{"fraud"}).then(AccountLocked{"fraud", ""});
}

BOOST_AUTO_TEST_CASE(locking_a_locked_account_changes_nothing) {
  given<user>(zoe_added, locked).when(LockAccount{"another reason"}).then_nothing();
}

BOOST_AUTO_TEST_CASE(unlocking_names_the_reason_and_who_did_it) {
  given<user>(zoe_added, locked).by("admin-1").when(UnlockAccount{"a mistake"}).then(unlocked);
}

BOOST_AUTO_TEST_CASE(unlocking_an_open_account_changes_nothing) {
  given<user>(zoe_added).when(UnlockAccount{"a mistake"}).then_nothing();
  given<user>(zoe_added, locked, unlocked).when(UnlockAccount{"a mistake"}).then_nothing();
}

BOOST_AUTO_TEST_CASE(closing_names_the_reason_and_who_did_it) {
  given<user>(zoe_added).by("admin-1").when(CloseAccount{"moved away"}).then(closed);
}

BOOST_AUTO_TEST_CASE(a_locked_account_can_be_closed) {
  given<user>(zoe_added, locked).by("admin-1").when(CloseAccount{"moved away"}).then(closed);
}

BOOST_AUTO_TEST_CASE(closing_a_closed_account_changes_nothing) {
  given<user>(zoe_added, closed).when(CloseAccount{"again"}).then_nothing();
}

BOOST_AUTO_TEST_CASE(a_closed_account_refuses_everything_else) {
  const auto past = given<user>(zoe_added, locked, closed);
  past.when(new_names).then_rejected("account-closed");
  past.when(LockAccount{"fraud"}).then_rejected("account-closed");
  past.when(UnlockAccount{"fraud"}).then_rejected("account-closed");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(user_evolves)

BOOST_AUTO_TEST_CASE(the_state_shows_what_happened) {
  BOOST_TEST((given<user>().state() == user::state{}));
  const auto past = given<user>(zoe_added, UserModified{"Zoé", "E", "p", "fr"}, locked);
  BOOST_TEST((past.state() == user::state{account_status::locked, zoe_id, "auth0|zoe",
                                          "zoe@example.org", true, "Zoé", "E", "p", "fr"}));
  BOOST_TEST((given<user>(zoe_added, locked, unlocked).state().status == account_status::open));
  BOOST_TEST((given<user>(zoe_added, closed).state().status == account_status::closed));
}

BOOST_AUTO_TEST_CASE(the_state_as_json_is_what_the_admin_endpoint_shows) {
  BOOST_TEST(json(given<user>(zoe_added, locked).state()) ==
             json({{"status", "locked"},
                   {"id", zoe_id},
                   {"auth0Id", "auth0|zoe"},
                   {"email", "zoe@example.org"},
                   {"emailVerified", true},
                   {"firstName", "Zoë"},
                   {"lastName", "Ελένη"},
                   {"picture", "https://example.org/z.png"},
                   {"locale", "en-GB"}}));
}

BOOST_AUTO_TEST_CASE(a_snapshot_with_an_unknown_status_is_refused) {
  auto saved = json(user::state{});
  saved["status"] = "suspended";
  BOOST_CHECK_THROW(static_cast<void>(saved.get<user::state>()), json::exception);
  saved["status"] = 1;
  BOOST_CHECK_THROW(static_cast<void>(saved.get<user::state>()), json::exception);
}

/// Any text that can reach a command: control characters, every script, nothing outside Unicode.
rc::Gen<std::string> any_text() {
  static const std::vector<std::string> letters{
      "a", "Z", "ë", "e\u0308", "龍", "👩🏽‍🚀", "\"", "\\", "\n", " ", ""};
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(letters)),
                      [](const std::vector<std::string>& parts) {
                        std::string text;
                        for (const auto& part : parts) text += part;
                        return text;
                      });
}

rc::Gen<user::command> any_command() {
  const auto as_command = [](auto command) { return user::command(std::move(command)); };
  const auto with_reason = [&](auto make) { return rc::gen::map(any_text(), make); };
  return rc::gen::oneOf(
      rc::gen::map(
          rc::gen::build<AddUser>(
              rc::gen::set(&AddUser::id, rc::gen::element(std::optional<std::string>{},
                                                          std::optional<std::string>{"4711"})),
              rc::gen::set(&AddUser::auth0Id,
                           rc::gen::element<std::string>("auth0|zoe", "auth0|max")),
              rc::gen::set(&AddUser::email, any_text()), rc::gen::set(&AddUser::emailVerified),
              rc::gen::set(&AddUser::firstName, any_text()),
              rc::gen::set(&AddUser::lastName, any_text())),
          as_command),
      rc::gen::map(rc::gen::build<ModifyUser>(rc::gen::set(&ModifyUser::firstName, any_text()),
                                              rc::gen::set(&ModifyUser::locale, any_text())),
                   as_command),
      with_reason(
          [](std::string reason) -> user::command { return LockAccount{std::move(reason)}; }),
      with_reason(
          [](std::string reason) -> user::command { return UnlockAccount{std::move(reason)}; }),
      with_reason(
          [](std::string reason) -> user::command { return CloseAccount{std::move(reason)}; }));
}

// The scenario itself checks that decide never throws and answers the same twice, that every
// command, event and state survives JSON, and that stored events evolve the same state.
BOOST_AUTO_TEST_CASE(any_sequence_of_commands_leads_to_a_state_that_its_events_explain) {
  const bool holds = rc::check([] {
    const auto commands = *rc::gen::container<std::vector<user::command>>(any_command());
    std::vector<user::event> events;
    user::state now;
    for (const auto& command : commands) {
      auto past = given<user>(events).by("someone");
      RC_ASSERT(past.state() == now);
      const auto came = std::visit([&](const auto& one) { return past.when(one); }, command);
      if (came.answer().accepted()) {
        const auto& fresh = came.answer().events();
        events.insert(events.end(), fresh.begin(), fresh.end());
      } else {
        RC_ASSERT(came.state() == now);
      }
      now = came.state();
      const bool added = std::holds_alternative<AddUser>(command) && came.answer().accepted();
      if (added) RC_ASSERT(user::entity_of(std::get<AddUser>(command)) == now.id);
    }
    for (std::size_t i = 0; i < events.size(); ++i) {
      RC_ASSERT(std::holds_alternative<UserAdded>(events[i]) == (i == 0));
      RC_ASSERT(!std::holds_alternative<AccountClosed>(events[i]) || i + 1 == events.size());
    }
  });
  BOOST_TEST(holds);
}

// The same through the type-erased kernel that an actor holds.
BOOST_AUTO_TEST_CASE(an_entity_that_is_loaded_from_its_events_is_the_one_that_made_them) {
  const bool holds = rc::check([] {
    const auto commands = *rc::gen::container<std::vector<user::command>>(any_command());
    const troupe::detail::typed_aggregate<user> kernel;
    const auto live = kernel.initial();
    std::vector<troupe::new_event> stored;
    for (const auto& command : commands) {
      const auto answer = std::visit(
          []<class C>(const C& one) {
            return std::pair(std::string(troupe::name_of<C>()), json(one));
          },
          command);
      auto handled = live->handle(answer.first, answer.second, {});
      RC_ASSERT(handled.has_value());
      if (const auto* events = std::get_if<0>(&*handled))
        stored.insert(stored.end(), events->begin(), events->end());
    }
    const auto loaded = kernel.initial();
    for (const auto& event : stored)
      RC_ASSERT(loaded->evolve({"1", event.type, json::object(), event.data}).has_value());
    RC_ASSERT(loaded->state() == live->state());
    const auto restored = kernel.initial();
    RC_ASSERT(restored->restore(live->state()).has_value());
    RC_ASSERT(restored->state() == live->state());
  });
  BOOST_TEST(holds);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace identity
