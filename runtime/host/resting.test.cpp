// Command handlers that rest between commands: their entity stays, their actor goes.

#include <boost/test/unit_test.hpp>

#include <array>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "runtime/host/node_in_a_box.test.hpp"

namespace troupe::host {
namespace {

std::string path_of(const std::string& entity) {
  return "/features/counting/command-handlers/" + entity;
}

std::string status_of(const node_in_a_box& box, const std::string& entity) {
  const auto seen = box.actors->actor(path_of(entity));
  return seen ? seen->first.status : "none";
}

bool comes_to_rest(const node_in_a_box& box, const std::string& entity) {
  return box.eventually([&] { return status_of(box, entity) == "resting"; });
}

/// One awake handler at most: the next entity's command puts the last one's to rest.
engine_options one_awake() {
  engine_options options;
  options.max_awake = 1;
  return options;
}

BOOST_AUTO_TEST_SUITE(resting)

BOOST_AUTO_TEST_CASE(the_next_command_of_a_handler_at_rest_does_not_ask_the_log) {
  node_in_a_box box(one_awake());
  box.add("a", 40);
  box.add("a", 2);
  box.add("b", 1);
  BOOST_TEST_REQUIRE(comes_to_rest(box, "a"));
  const int appends = box.log.appends;
  BOOST_TEST(to_string(box.run(box.make("a", "Confirm", {{"at", 42}})).status) == "accepted");
  BOOST_TEST(box.log.appends == appends);
  BOOST_TEST(box.add("a", 8).version == 3U);
  BOOST_TEST(box.log.appends == appends + 1);
  BOOST_TEST(box.log.reads == 0);
  BOOST_TEST((box.amounts("a") == std::vector<int>{40, 2, 8}));
}

BOOST_AUTO_TEST_CASE(a_handler_at_rest_shows_what_it_holds_and_what_it_did) {
  node_in_a_box box(one_awake());
  box.run(box.make("a", "Crash", json::object()));
  box.add("a", 42);
  box.add("b", 1);
  BOOST_TEST_REQUIRE(comes_to_rest(box, "a"));
  const auto seen = box.actors->actor(path_of("a"));
  BOOST_TEST(seen->first.path == path_of("a"));
  BOOST_TEST(seen->first.kind == "command-handler");
  BOOST_TEST(seen->first.processed == 1U);
  BOOST_TEST(seen->first.restarts == 1U);
  BOOST_TEST(seen->first.last_error == "planted crash");
  BOOST_TEST(seen->second["phase"] == "resting");
  BOOST_TEST(seen->second["version"] == 1);
  BOOST_TEST(seen->second["position"] == 1);
  BOOST_TEST(seen->second["state"]["total"] == 42);
  const auto listed = box.actors->actors("command-handler", "", "", 10);
  BOOST_REQUIRE_EQUAL(listed.size(), 2U);
  BOOST_TEST(listed[0].path == path_of("a"));
  BOOST_TEST(listed[0].status == "resting");
  BOOST_TEST(box.actors->actor_count("command-handler") == 2U);
  BOOST_TEST(box.actors->counts().resident == 2U);
  // To wake is not to restart.
  box.add("a", 1);
  BOOST_TEST(box.actors->actor(path_of("a"))->first.restarts == 1U);
}

BOOST_AUTO_TEST_CASE(a_handler_rests_when_it_has_been_idle_for_a_while) {
  engine_options options;
  options.rest_after = 1ms;
  node_in_a_box box(options);
  box.add("a", 1);
  BOOST_TEST(comes_to_rest(box, "a"));
  BOOST_TEST(box.actors->counts().awake == 0U);
  BOOST_TEST(box.actors->counts().rested == 1U);
  BOOST_TEST(box.add("a", 1).version == 2U);
}

BOOST_AUTO_TEST_CASE(a_handler_with_a_command_under_way_does_not_rest) {
  node_in_a_box box(one_awake());
  box.add("a", 1);
  std::promise<void> open;
  const auto gate = open.get_future().share();
  box.log.interfere = [gate](auto) {
    gate.wait();
    return std::nullopt;
  };
  // It has decided, and its state is ahead of the log.
  auto first = box.submit(box.make("a", "Add", {{"amount", 5}}));
  BOOST_TEST(box.eventually([&] { return box.state_of(path_of("a")).value("version", 0) == 2; }));
  std::vector<std::future<command_outcome>> others;
  for (const auto* entity : {"b", "c", "d"})
    others.push_back(box.submit(box.make(entity, "Confirm", {{"at", 0}})));
  for (auto& one : others) BOOST_TEST(to_string(one.get().status) == "accepted");
  BOOST_TEST(box.eventually([&] { return box.actors->counts().awake == 1U; }));
  BOOST_TEST(status_of(box, "a") == "running");
  BOOST_TEST(box.state_of(path_of("a"))["phase"] == "appending");
  open.set_value();
  BOOST_TEST(to_string(first.get().status) == "accepted");
}

BOOST_AUTO_TEST_CASE(a_handler_in_doubt_keeps_nothing_for_the_next_one) {
  node_in_a_box box(one_awake());
  box.add("a", 1);
  bool once = false;
  box.log.interfere =
      [&](std::span<const append_request> requests) -> std::optional<std::vector<append_result>> {
    if (std::exchange(once, true)) return std::nullopt;
    append_foreign(box.log.inner, {"counting", "a"}, 10, "foreign");
    return std::vector<append_result>(requests.size(),
                                      append_result{{}, error{errc::in_doubt, "planted"}});
  };
  BOOST_TEST(to_string(box.add("a", 5).status) == "accepted");
  box.add("b", 1);
  BOOST_TEST_REQUIRE(comes_to_rest(box, "a"));
  BOOST_TEST(to_string(box.run(box.make("a", "Confirm", {{"at", 16}})).status) == "accepted");
}

BOOST_AUTO_TEST_CASE(what_a_handler_at_rest_holds_is_not_believed_against_the_log) {
  node_in_a_box box(one_awake());
  box.add("a", 1);
  box.add("b", 1);
  BOOST_TEST_REQUIRE(comes_to_rest(box, "a"));
  append_foreign(box.log.inner, {"counting", "a"}, 10, "foreign");
  BOOST_TEST(box.add("a", 5).version == 3U);
  BOOST_TEST((box.amounts("a") == std::vector<int>{1, 10, 5}));
}

BOOST_AUTO_TEST_CASE(a_handler_that_is_restarted_at_rest_asks_the_log) {
  node_in_a_box box(one_awake());
  box.add("a", 1);
  box.add("b", 1);
  BOOST_TEST_REQUIRE(comes_to_rest(box, "a"));
  append_foreign(box.log.inner, {"counting", "a"}, 10, "foreign");
  BOOST_REQUIRE(box.actors->restart(path_of("a")));
  BOOST_TEST(status_of(box, "a") == "stopped");
  BOOST_TEST(to_string(box.run(box.make("a", "Confirm", {{"at", 11}})).status) == "accepted");
  BOOST_TEST(box.actors->actor(path_of("a"))->first.restarts == 1U);
}

BOOST_AUTO_TEST_CASE(handlers_at_rest_are_passivated_like_the_others) {
  auto options = one_awake();
  options.max_resident = 3;
  node_in_a_box box(options);
  for (const auto* entity : {"a", "b", "c", "d", "e"}) box.add(entity, 1);
  BOOST_TEST(box.eventually([&] { return box.actors->counts().resident == 3U; }));
  BOOST_TEST(box.actors->counts().surplus == 2U);
  BOOST_TEST(status_of(box, "a") == "none");
  const auto awake = [&] {
    return std::ranges::count_if(std::array{"c", "d", "e"}, [&](const char* entity) {
      return status_of(box, entity) == "running";
    });
  };
  BOOST_TEST(box.eventually([&] { return awake() == 1; }));

  options.max_resident = 100;
  options.idle_timeout = 1ms;
  box.options = options;
  box.start();
  for (const auto* entity : {"a", "b", "c"}) box.add(entity, 1);
  BOOST_TEST(box.eventually([&] { return box.actors->counts().resident == 0U; }));
}

BOOST_AUTO_TEST_CASE(handlers_that_rest_and_wake_all_the_time_lose_nothing_and_keep_the_order) {
  std::mt19937 random(4711);
  for (int round = 0; round < 20; ++round) {
    auto options = one_awake();
    const bool room_for_all = round % 2 == 0;
    options.max_awake = 1 + random() % 3;
    options.max_resident = room_for_all ? 100 : options.max_awake + 1 + random() % 4;
    options.max_in_flight_per_entity = 100'000;
    node_in_a_box box(options);
    std::map<std::string, std::vector<int>> submitted;
    std::vector<std::future<command_outcome>> answers;
    for (int i = 1; i <= 1'000; ++i) {
      const auto entity = "e" + std::to_string(random() % 8);
      submitted[entity].push_back(i);
      answers.push_back(box.submit(box.make(entity, "Add", {{"amount", i}})));
      if (random() % 50 == 0) answers.back().wait();  // Time to come to rest.
      if (random() % 50 == 0) BOOST_TEST(status_of(box, entity) != "stopped");
    }
    for (auto& one : answers) BOOST_TEST_REQUIRE(to_string(one.get().status) == "accepted");
    for (const auto& [entity, amounts] : submitted)
      BOOST_TEST_REQUIRE((box.amounts(entity) == amounts));
    BOOST_TEST(box.actors->counts().rested > 0U);
    BOOST_TEST(box.actors->counts().rescued == 0U);
    if (room_for_all) BOOST_TEST(box.log.reads == 0);
  }
}

BOOST_AUTO_TEST_CASE(crashes_and_restarts_among_them_lose_and_repeat_nothing) {
  std::mt19937 random(4711);
  for (int round = 0; round < 20; ++round) {
    auto options = one_awake();
    options.max_awake = 1 + random() % 2;
    options.max_resident = options.max_awake + 1 + random() % 4;
    options.handler_policy.max_restarts = 1'000'000;
    node_in_a_box box(options);
    std::map<std::string, std::vector<std::pair<int, std::future<command_outcome>>>> submitted;
    for (int i = 1; i <= 500; ++i) {
      const auto entity = "e" + std::to_string(random() % 6);
      if (random() % 20 == 0) box.submit(box.make(entity, "Crash", json::object()));
      if (random() % 20 == 0) {
        const auto done = box.actors->restart(path_of(entity));
        BOOST_TEST((done || done.error().code == errc::not_found));
      }
      auto answer = box.submit(box.make(entity, "Add", {{"amount", i}}));
      if (random() % 20 == 0) answer.wait();
      submitted[entity].emplace_back(i, std::move(answer));
    }
    for (auto& [entity, answers] : submitted) {
      std::vector<int> accepted;
      for (auto& [amount, answer] : answers) {
        BOOST_TEST_REQUIRE((answer.wait_for(patience) == std::future_status::ready));
        const auto outcome = answer.get();
        // Too many crashes in a row, at worst: then it is not stored.
        if (outcome.status == outcome_status::accepted) {
          accepted.push_back(amount);
        } else {
          BOOST_TEST(outcome.code == "handler-failing");
        }
      }
      auto stored = box.amounts(entity);
      std::ranges::sort(stored);
      BOOST_TEST_REQUIRE((stored == accepted));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe::host
