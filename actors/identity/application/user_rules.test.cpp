#include "actors/identity/application/user_rules.hpp"

#include <boost/test/unit_test.hpp>

#include "runtime/core/ids.hpp"

namespace identity {
namespace {

const troupe::caller caller_zoe{"auth0|zoe", {"user"}};
const troupe::caller caller_eve{"auth0|eve", {"user", "employee"}};
const troupe::caller caller_admin{"auth0|root", {"admin"}};
const troupe::caller caller_nobody{"", {}};
const std::string id_of_zoe = troupe::derive_id("identity", "auth0|zoe");

AddUser add_user(const std::string& auth0_id) {
  AddUser command;
  command.auth0Id = auth0_id;
  return command;
}

template <class C>
std::string who_may(const C& command) {
  std::string allowed;
  for (const auto* who : {&caller_zoe, &caller_eve, &caller_admin, &caller_nobody}) {
    if (user_rules::may(*who, id_of_zoe, command)) allowed += who->subject + ' ';
  }
  return allowed;
}

BOOST_AUTO_TEST_SUITE(user_rules_say)

BOOST_AUTO_TEST_CASE(users_touch_only_themselves_and_administrators_everybody) {
  BOOST_TEST(who_may(ModifyUser{}) == "auth0|zoe auth0|root ");
  BOOST_TEST(who_may(LockAccount{}) == "auth0|zoe auth0|root ");
  BOOST_TEST(who_may(CloseAccount{}) == "auth0|zoe auth0|root ");
}

BOOST_AUTO_TEST_CASE(a_lock_is_lifted_by_administrators_only) {
  BOOST_TEST(who_may(UnlockAccount{}) == "auth0|root ");
}

BOOST_AUTO_TEST_CASE(who_is_added_must_be_the_caller) {
  BOOST_TEST(who_may(add_user("auth0|zoe")) == "auth0|zoe auth0|root ");
  BOOST_TEST(who_may(add_user("")) == "auth0|root ", "nobody is not somebody without an id");
  const auto refused = user_rules::may(caller_eve, id_of_zoe, add_user("auth0|zoe"));
  BOOST_TEST(refused.why().find("auth0Id") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(callers_see_their_own_row_and_administrators_all) {
  BOOST_TEST(visible_users(caller_admin).everything());
  BOOST_TEST(visible_users(caller_nobody).nothing());
  const auto own = visible_users(caller_zoe);
  BOOST_TEST(!own.everything());
  BOOST_TEST(own.column() == "id");
  BOOST_TEST(own.value() == id_of_zoe);
  BOOST_TEST(!user_rules::may_read(caller_eve, id_of_zoe));
  BOOST_TEST(bool(user_rules::may_read(caller_zoe, id_of_zoe)));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace identity
