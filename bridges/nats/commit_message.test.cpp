#include "bridges/nats/commit_message.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>

namespace troupe::nats {
namespace {

outgoing attempt(position_t previous) {
  commit one;
  one.stream = {"identity", "7"};
  one.command_id = "c";
  return to_message(names("troupe"), one, previous);
}

std::string message_id(const outgoing& message) {
  const auto found = std::ranges::find(message.headers, "Nats-Msg-Id",
                                       &decltype(message.headers)::value_type::first);
  return found == message.headers.end() ? "" : found->second;
}

BOOST_AUTO_TEST_SUITE(commit_message)

// A broker with replicas remembers the ids of messages that it refused.
BOOST_AUTO_TEST_CASE(a_repeated_attempt_has_its_message_id_and_another_attempt_another) {
  BOOST_TEST(message_id(attempt(4)) == message_id(attempt(4)));
  BOOST_TEST(message_id(attempt(4)) != message_id(attempt(5)));
  BOOST_TEST(message_id(attempt(4)) != "c");
  auto again = attempt(4);
  forget_message_id(again);
  BOOST_TEST(message_id(again) == "");
  BOOST_TEST(again.headers.size() + 1 == attempt(4).headers.size());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe::nats
