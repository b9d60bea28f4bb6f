#include "runtime/core/made_id.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

#include "runtime/core/clock.hpp"
#include "runtime/testkit/manual_clock.hpp"

namespace troupe {
namespace {

BOOST_AUTO_TEST_SUITE(made_ids)

BOOST_AUTO_TEST_CASE(tell_when_they_were_made_until_the_mark_is_taken_off) {
  testkit::manual_clock clock;
  clock.set(timestamp(std::chrono::milliseconds(1'700'000'000'123)));
  const auto id = uuid_source(clock).next();
  BOOST_TEST_REQUIRE(made_at(id).has_value());
  BOOST_TEST(*made_at(id) == 1'700'000'000'123U);
  const auto plain = without_mark(id);
  BOOST_TEST(!made_at(plain).has_value());
  BOOST_TEST(plain.substr(0, 14) == id.substr(0, 14));
  BOOST_TEST(plain.substr(18) == id.substr(18));
  BOOST_TEST(without_mark(plain) == plain);
}

BOOST_AUTO_TEST_CASE(other_ids_tell_nothing_and_stay_as_they_are) {
  for (const std::string other :
       {"", "c1", "018bcfe5-687b-7000-8000-000000000001", "018bcfe5-687b-7ac7-8000-00000000000",
        "018bcfe5x687b-7ac7-8000-000000000001", "018bcfeg-687b-7ac7-8000-000000000001",
        "018bcfe5-687 -7ac7-8000-000000000001", "018bcfe5-687b-4ac7-8000-000000000001"}) {
    BOOST_TEST(!made_at(other).has_value(), other);
    BOOST_TEST(without_mark(other) == other);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
