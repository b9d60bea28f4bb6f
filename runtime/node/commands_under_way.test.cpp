#include "runtime/node/commands_under_way.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe {
namespace {

command_outcome failed(const std::string& code) {
  command_outcome outcome;
  outcome.status = outcome_status::failed;
  outcome.code = code;
  return outcome;
}

bool is_pending(const commands_under_way& commands, const std::string& id) {
  return std::holds_alternative<commands_under_way::pending>(commands.find(id));
}

bool is_unknown(const commands_under_way& commands, const std::string& id) {
  return std::holds_alternative<commands_under_way::unknown>(commands.find(id));
}

BOOST_AUTO_TEST_SUITE(commands_that_are_under_way)

BOOST_AUTO_TEST_CASE(a_command_is_pending_until_its_last_repeat_has_ended) {
  commands_under_way commands(10);
  commands.begin("a");
  BOOST_TEST(commands.begin("a", 1));
  BOOST_TEST(is_pending(commands, "a"));
  commands.end("a");
  BOOST_TEST(is_pending(commands, "a"));
  commands.end("a", failed("x"));
  BOOST_TEST(std::get<command_outcome>(commands.find("a")).code == "x");
  BOOST_TEST(is_unknown(commands, "b"));
}

BOOST_AUTO_TEST_CASE(an_id_that_is_taken_does_not_begin_with_another_body) {
  commands_under_way commands(10);
  BOOST_TEST(commands.begin("a", 1));
  BOOST_TEST(!commands.begin("a", 2));
  BOOST_TEST(commands.begin("a", 1));
  commands.end("a");
  commands.end("a");
  BOOST_TEST(commands.begin("a", 2));
}

BOOST_AUTO_TEST_CASE(a_new_try_under_an_old_id_is_pending_and_its_end_counts) {
  commands_under_way commands(10);
  commands.begin("a");
  commands.end("a", failed("first"));
  commands.begin("a");
  BOOST_TEST(is_pending(commands, "a"));
  commands.end("a", failed("second"));
  BOOST_TEST(std::get<command_outcome>(commands.find("a")).code == "second");
}

BOOST_AUTO_TEST_CASE(only_the_newest_ends_are_remembered) {
  commands_under_way commands(2);
  for (const auto* id : {"a", "b", "c"}) {
    commands.begin(id);
    commands.end(id, failed(id));
  }
  BOOST_TEST(is_unknown(commands, "a"));
  BOOST_TEST(std::get<command_outcome>(commands.find("b")).code == "b");
  BOOST_TEST(std::get<command_outcome>(commands.find("c")).code == "c");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
