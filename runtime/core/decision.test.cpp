#include "runtime/core/decision.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <variant>
#include <vector>

#include "runtime/core/result.hpp"

namespace troupe {
namespace {

using event = std::variant<int, std::string>;

decision<event> one() { return std::string("added"); }
decision<event> several() { return std::vector<event>{1, std::string("added")}; }
decision<event> none() { return no_change; }
decision<event> refusal() { return reject("account-locked", "it is locked"); }

BOOST_AUTO_TEST_SUITE(decisions)

BOOST_AUTO_TEST_CASE(one_event_is_a_decision) {
  BOOST_TEST(one().accepted());
  BOOST_TEST((one().events() == std::vector<event>{std::string("added")}));
}

BOOST_AUTO_TEST_CASE(several_events_are_a_decision_in_their_order) {
  BOOST_TEST(several().accepted());
  BOOST_TEST((several().events() == std::vector<event>{1, std::string("added")}));
}

BOOST_AUTO_TEST_CASE(no_change_is_accepted_without_events) {
  BOOST_TEST(none().accepted());
  BOOST_TEST(none().events().empty());
}

BOOST_AUTO_TEST_CASE(a_refusal_has_a_code_and_a_detail) {
  BOOST_TEST(!refusal().accepted());
  BOOST_TEST((refusal().refusal() == rejection{"account-locked", "it is locked"}));
}

BOOST_AUTO_TEST_CASE(reading_the_side_that_is_not_there_throws) {
  BOOST_CHECK_THROW(static_cast<void>(refusal().events()), std::bad_variant_access);
  BOOST_CHECK_THROW(static_cast<void>(one().refusal()), std::bad_variant_access);
}

BOOST_AUTO_TEST_CASE(a_copy_is_a_decision_of_its_own) {
  auto first = several();
  const auto copy = first;
  first = none();
  BOOST_TEST(copy.events().size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(results)

BOOST_AUTO_TEST_CASE(a_result_is_a_value_or_an_error) {
  const result<int> good = 7;
  BOOST_TEST(good.has_value());
  BOOST_TEST(*good == 7);
  const result<int> bad = error{errc::conflict, "lost"};
  BOOST_TEST(!bad);
  BOOST_TEST((bad.error() == error{errc::conflict, "lost"}));
  BOOST_CHECK_THROW(static_cast<void>(bad.value()), std::bad_variant_access);
  BOOST_CHECK_THROW(static_cast<void>(good.error()), std::bad_variant_access);
}

BOOST_AUTO_TEST_CASE(a_result_without_a_value_is_success_or_an_error) {
  BOOST_TEST(result<void>{}.has_value());
  BOOST_TEST(!result<void>(error{errc::in_doubt, ""}).has_value());
}

BOOST_AUTO_TEST_CASE(every_error_code_has_a_name) {
  BOOST_TEST(to_string(errc::invalid) == "invalid");
  BOOST_TEST(to_string(errc::not_found) == "not-found");
  BOOST_TEST(to_string(errc::conflict) == "conflict");
  BOOST_TEST(to_string(errc::duplicate) == "duplicate");
  BOOST_TEST(to_string(errc::unavailable) == "unavailable");
  BOOST_TEST(to_string(errc::in_doubt) == "in-doubt");
  BOOST_TEST(to_string(errc::corrupt) == "corrupt");
  BOOST_TEST(to_string(errc::unsupported) == "unsupported");
  BOOST_TEST(to_string(errc::internal) == "internal");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
