#include "runtime/node/forwarder.hpp"

#include <boost/test/unit_test.hpp>

#include <future>
#include <string>
#include <thread>
#include <vector>

#include "runtime/core/made_id.hpp"
#include "runtime/node/command_message.hpp"
#include "runtime/testkit/memory_message_bus.hpp"
#include "runtime/testkit/patience.test.hpp"

namespace troupe {
namespace {

using namespace std::chrono_literals;

announcement called(const std::string& incarnation) {
  announcement own;
  own.incarnation = incarnation;
  own.name = incarnation;
  own.version = "1";
  return own;
}

command_outcome outcome_of(outcome_status status, const std::string& detail = "") {
  command_outcome outcome;
  outcome.status = status;
  outcome.stream = {"counting", "x"};
  outcome.command_id = "c1";
  outcome.detail = detail;
  return outcome;
}

/// One node that forwards, and what a test says the others do.
struct two_nodes {
  two_nodes() {
    other.serve("command", [this](message_bus::message asked) { at_owner(std::move(asked)); });
    BOOST_REQUIRE(own.start(nullptr));
    BOOST_REQUIRE(other.start(nullptr));
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!own.knows("other")) {
      BOOST_REQUIRE(std::chrono::steady_clock::now() < end);
      std::this_thread::sleep_for(1ms);
    }
    // One that the other node owns.
    for (int i = 0; own.here(entity.name()); ++i) entity.id = std::to_string(i);
  }
  ~two_nodes() {
    own.stop();
    other.stop();
    bus.reset();
  }

  command make(std::chrono::milliseconds time_left = patience) {
    command one;
    one.stream = entity;
    one.type = "Add";
    one.data = {{"amount", 1}};
    one.context.command_id = "c1";
    one.context.trace_id = "t1";
    one.context.user_id = "zoe";
    one.context.roles = {"admin"};
    one.expected_version = 7;
    one.deadline = time.monotonic() + time_left;
    return one;
  }

  std::future<command_outcome> forward(command one) {
    auto promise = std::make_shared<std::promise<command_outcome>>();
    auto answer = promise->get_future();
    sender.forward(
        std::move(one),
        [promise](command_outcome outcome) { promise->set_value(std::move(outcome)); },
        [this](command what, const completion& done) {
          carried_out.set_value(std::move(what));
          done(here);
        });
    return answer;
  }

  system_clock time;
  metric_registry metrics;
  std::unique_ptr<testkit::memory_message_bus> bus =
      std::make_unique<testkit::memory_message_bus>();
  cluster own{*bus, called("own"), time, [] { return json::object(); }};
  cluster other{*bus, called("other"), time, [] { return json::object(); }};
  forwarder sender{own, time, metrics};
  stream_id entity{"counting", "x"};
  std::function<void(message_bus::message)> at_owner;
  command_outcome here = outcome_of(outcome_status::accepted, "here");
  std::promise<command> carried_out;  ///< On this node.
};

BOOST_AUTO_TEST_SUITE(forwarding)

BOOST_AUTO_TEST_CASE(the_owner_gets_the_whole_command_and_its_outcome_is_passed_on_as_it_is) {
  two_nodes nodes;
  std::promise<command_request> received;
  auto said = outcome_of(outcome_status::rejected, "no");
  said.version = 3;
  said.code = "account-locked";
  said.fields = {{"/amount", "too much"}};
  said.retry_after = 2;
  nodes.at_owner = [&](message_bus::message asked) {
    received.set_value(*decode_command(asked.body, nodes.time.monotonic()));
    asked.answer(to_json(said).dump());
  };
  const auto one = nodes.make();
  BOOST_TEST((nodes.forward(one).get() == said));
  const auto seen = received.get_future().get();
  BOOST_TEST(seen.category == one.stream.category);
  BOOST_TEST(seen.id == one.stream.id);
  BOOST_TEST(seen.type == one.type);
  BOOST_TEST(seen.data == one.data);
  BOOST_TEST(seen.context.command_id == "c1");
  BOOST_TEST(seen.context.user_id == "zoe");
  BOOST_TEST((seen.context.roles == std::vector<std::string>{"admin"}));
  BOOST_TEST(seen.id_given);
  BOOST_TEST((seen.expected_version == one.expected_version));
  BOOST_TEST((seen.deadline <= nodes.time.monotonic() + patience));
  BOOST_TEST((seen.deadline > nodes.time.monotonic()));
}

BOOST_AUTO_TEST_CASE(only_an_id_that_this_node_made_and_has_not_used_loses_its_mark_on_the_way) {
  two_nodes nodes;
  std::vector<std::string> seen;
  nodes.at_owner = [&](message_bus::message asked) {
    seen.push_back(decode_command(asked.body, nodes.time.monotonic())->context.command_id);
    asked.answer(to_json(outcome_of(outcome_status::accepted)).dump());
  };
  auto one = nodes.make();
  const auto id = one.context.command_id = uuid_source(nodes.time).next();
  nodes.forward(one).get();
  one.id_given = true;
  nodes.forward(one).get();
  BOOST_TEST((seen == std::vector{without_mark(id), id}));
  BOOST_TEST(seen[0] != id);
}

BOOST_AUTO_TEST_CASE(an_unknown_outcome_stays_unknown) {
  two_nodes nodes;
  nodes.at_owner = [](const message_bus::message& asked) {
    asked.answer(to_json(outcome_of(outcome_status::in_doubt)).dump());
  };
  BOOST_TEST((nodes.forward(nodes.make()).get().status == outcome_status::in_doubt));
}

BOOST_AUTO_TEST_CASE(what_the_owner_surely_did_not_get_is_carried_out_here_as_it_was) {
  two_nodes nodes;
  nodes.other.stop();
  BOOST_TEST(nodes.forward(nodes.make()).get().detail == "here");
  BOOST_TEST(!nodes.carried_out.get_future().get().id_given);
  BOOST_TEST(!nodes.own.knows("other"));
}

BOOST_AUTO_TEST_CASE(what_an_owner_does_not_answer_is_carried_out_here_as_a_repeat) {
  two_nodes nodes;
  nodes.at_owner = [](const message_bus::message&) {};
  BOOST_TEST(nodes.forward(nodes.make(40ms)).get().detail == "here");
  BOOST_TEST(nodes.carried_out.get_future().get().id_given);
}

BOOST_AUTO_TEST_CASE(an_owner_that_dies_is_not_waited_for) {
  two_nodes nodes;
  std::promise<void> received;
  nodes.at_owner = [&](const message_bus::message&) { received.set_value(); };
  auto answer = nodes.forward(nodes.make(24h));
  received.get_future().get();
  nodes.own.suspect("other");
  BOOST_REQUIRE((answer.wait_for(patience) == std::future_status::ready));
  BOOST_TEST(nodes.carried_out.get_future().get().id_given);
}

BOOST_AUTO_TEST_CASE(what_neither_node_could_find_out_is_in_doubt) {
  for (const auto status : {outcome_status::unavailable, outcome_status::overloaded,
                            outcome_status::conflict, outcome_status::failed}) {
    two_nodes nodes;
    nodes.at_owner = [](const message_bus::message&) {};
    nodes.here = outcome_of(status, "away");
    BOOST_TEST((nodes.forward(nodes.make(40ms)).get().status == outcome_status::in_doubt));
  }
}

BOOST_AUTO_TEST_CASE(an_answer_that_comes_too_late_is_for_nobody) {
  two_nodes nodes;
  std::promise<message_bus::message> asked;
  nodes.at_owner = [&](message_bus::message one) { asked.set_value(std::move(one)); };
  BOOST_TEST(nodes.forward(nodes.make(40ms)).get().detail == "here");
  asked.get_future().get().answer(to_json(outcome_of(outcome_status::accepted)).dump());
}

BOOST_AUTO_TEST_CASE(what_nodes_of_another_kind_say_is_not_believed) {
  two_nodes nodes;
  nodes.at_owner = [](const message_bus::message& asked) { asked.answer("{\"status\":\"fine\"}"); };
  BOOST_TEST(nodes.forward(nodes.make()).get().detail == "here");
  BOOST_TEST(nodes.carried_out.get_future().get().id_given);
}

BOOST_AUTO_TEST_CASE(what_peers_send_is_taken_in_and_answered) {
  two_nodes nodes;
  cluster third{*nodes.bus, called("third"), nodes.time, [] { return json::object(); }};
  metric_registry metrics;
  forwarder receiver(third, nodes.time, metrics);
  receiver.accept([](const command_request& one, const completion& done) {
    auto outcome = outcome_of(outcome_status::accepted, one.context.command_id);
    done(outcome);
  });
  BOOST_REQUIRE(third.start(nullptr));
  const auto ask = [&](const std::string& body) {
    std::promise<result<std::string>> told;
    nodes.own.ask("third", "command", body, nodes.time.monotonic() + patience,
                  [&](result<std::string> answer) { told.set_value(std::move(answer)); });
    return told.get_future().get();
  };
  const auto answer = ask(encode(nodes.make(), nodes.time.monotonic()));
  BOOST_REQUIRE(answer);
  BOOST_TEST(outcome_from_json(json::parse(*answer))->detail == "c1");
  for (const char* nonsense : {"", "{}", "[1]", R"({"category":"counting"})"}) {
    BOOST_TEST(*ask(nonsense) == "");
  }
  third.stop();
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
