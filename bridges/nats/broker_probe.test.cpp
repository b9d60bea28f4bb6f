#include "bridges/nats/broker_probe.hpp"

#include <boost/test/unit_test.hpp>

#include <vector>

namespace troupe::nats {
namespace {

/// A broker that judges each race as it is told to.
class judged_races final : public racers {
 public:
  using positions = std::array<position_t, count>;

  explicit judged_races(std::vector<result<positions>> verdicts) : verdicts_(std::move(verdicts)) {}

  result<positions> race(position_t expected_last) override {
    expected.push_back(expected_last);
    return verdicts_.at(expected.size() - 1);
  }

  std::vector<position_t> expected;

 private:
  const std::vector<result<positions>> verdicts_;
};

using positions = judged_races::positions;

BOOST_AUTO_TEST_SUITE(broker_probe)

BOOST_AUTO_TEST_CASE(a_broker_with_one_winner_in_each_round_is_trusted) {
  judged_races races({positions{1, 0}, positions{0, 2}, positions{3, 0}});
  BOOST_TEST(prove_compare_and_set(races, 3).has_value());
  BOOST_TEST(races.expected == (std::vector<position_t>{0, 1, 2}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_broker_with_two_winners_is_refused) {
  judged_races races({positions{1, 0}, positions{2, 3}});
  const auto judged = prove_compare_and_set(races, 3);
  BOOST_TEST_REQUIRE(!judged.has_value());
  BOOST_TEST((judged.error().code == errc::unsupported));
  BOOST_TEST(judged.error().message.find("round 2 of 3") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_round_without_a_winner_is_raced_again_at_the_same_place) {
  judged_races races({positions{5, 0}, positions{0, 0}, positions{0, 6}});
  BOOST_TEST(prove_compare_and_set(races, 3).has_value());
  BOOST_TEST(races.expected == (std::vector<position_t>{0, 5, 5}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_broker_that_does_not_answer_is_not_called_unsafe) {
  judged_races races({error{errc::unavailable, "away"}});
  const auto judged = prove_compare_and_set(races, 3);
  BOOST_TEST_REQUIRE(!judged.has_value());
  BOOST_TEST((judged.error().code == errc::unavailable));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe::nats
