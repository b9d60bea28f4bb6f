#include "runtime/host/engine.hpp"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <future>
#include <set>

#include "runtime/host/loaded_entity.hpp"
#include "runtime/host/node_in_a_box.test.hpp"

namespace troupe::host {
namespace {

BOOST_AUTO_TEST_SUITE(commands)

BOOST_AUTO_TEST_CASE(an_accepted_command_is_answered_with_its_place_in_the_log) {
  node_in_a_box box;
  const auto first = box.add("a", 2);
  const auto second = box.run(box.make("a", "AddTwice", {{"amount", 3}}));
  BOOST_TEST(to_string(second.status) == "accepted");
  BOOST_TEST(second.version == 3U);
  BOOST_TEST(second.position > first.position);
  BOOST_TEST(second.events.size() == 2U);
  BOOST_TEST((box.amounts("a") == std::vector<int>{2, 3, 3}));
}

BOOST_AUTO_TEST_CASE(the_events_of_one_command_are_one_commit) {
  node_in_a_box box;
  box.run(box.make("a", "AddTwice", {{"amount", 3}}));
  const auto commits = *box.log.inner.read_stream({"counting", "a"}, 1, 10);
  BOOST_REQUIRE_EQUAL(commits.size(), 1U);
  BOOST_TEST(commits[0].data.event_count == 2U);
  BOOST_TEST((box.amounts("a") == std::vector<int>{3, 3}));
}

BOOST_AUTO_TEST_CASE(a_refused_command_stores_nothing) {
  node_in_a_box box;
  const auto outcome = box.run(box.make("a", "Confirm", {{"at", 5}}));
  BOOST_TEST(to_string(outcome.status) == "rejected");
  BOOST_TEST(outcome.code == "not-there");
  BOOST_TEST(box.amounts("a").empty());
}

BOOST_AUTO_TEST_CASE(a_repeated_command_id_gets_the_same_answer_and_no_second_effect) {
  node_in_a_box box;
  const auto first = box.add("a", 2, "key-1");
  std::vector<std::future<command_outcome>> repeats;
  for (int i = 0; i < 100; ++i)
    repeats.push_back(box.submit(box.make("a", "Add", {{"amount", 2}}, "key-1")));
  for (auto& one : repeats) BOOST_TEST((one.get() == first));
  BOOST_TEST((box.amounts("a") == std::vector<int>{2}));
}

BOOST_AUTO_TEST_CASE(a_hundred_simultaneous_commands_under_one_id_have_one_effect) {
  node_in_a_box box;
  std::vector<std::future<command_outcome>> all;
  for (int i = 0; i < 100; ++i)
    all.push_back(box.submit(box.make("a", "Add", {{"amount", 2}}, "key-1")));
  const auto first = all.front().get();
  BOOST_TEST(to_string(first.status) == "accepted");
  for (std::size_t i = 1; i < all.size(); ++i) BOOST_TEST((all[i].get() == first));
  BOOST_TEST((box.amounts("a") == std::vector<int>{2}));
}

BOOST_AUTO_TEST_CASE(a_repeated_refusal_is_the_same_even_when_its_reason_is_gone) {
  node_in_a_box box;
  const auto refused = box.run(box.make("a", "Confirm", {{"at", 2}}, "key-1"));
  BOOST_TEST(to_string(refused.status) == "rejected");
  box.add("a", 2);
  BOOST_TEST((box.run(box.make("a", "Confirm", {{"at", 2}}, "key-1")) == refused));
}

BOOST_AUTO_TEST_CASE(a_refusal_that_cannot_be_kept_is_not_told) {
  node_in_a_box box;
  box.log.keeps_nothing = true;
  const auto refused = box.run(box.make("a", "Confirm", {{"at", 2}}, "key-1"));
  BOOST_TEST(to_string(refused.status) == "unavailable");
  BOOST_TEST(refused.retry_after > 0);
  // Without an id nobody can repeat it.
  BOOST_TEST(to_string(box.run(box.make("a", "Confirm", {{"at", 2}})).status) == "rejected");
  box.log.keeps_nothing = false;
  box.add("a", 2);
  BOOST_TEST(to_string(box.run(box.make("a", "Confirm", {{"at", 2}}, "key-1")).status) ==
             "accepted");
}

BOOST_AUTO_TEST_CASE(a_refusal_that_another_node_kept_first_is_the_answer) {
  node_in_a_box box({}, true);
  auto again = box.make("a", "Confirm", {{"at", 2}}, "key-1");
  kept_outcome theirs{"key-1", again.digest(), {}, box.time.now()};
  theirs.outcome.status = outcome_status::rejected;
  theirs.outcome.stream = again.stream;
  theirs.outcome.command_id = "key-1";
  theirs.outcome.detail = "by the other node";
  box.log.interfere = [&](std::span<const append_request>) {
    box.log.inner.append({}, {&theirs, 1});
    return std::nullopt;
  };
  BOOST_TEST(box.run(std::move(again)).detail == "by the other node");
}

BOOST_AUTO_TEST_CASE(a_command_that_must_be_looked_up_first_keeps_its_place) {
  node_in_a_box box;
  std::promise<void> release;
  std::atomic<bool> held{true};
  box.log.interfere =
      [&, opened = release.get_future().share()](
          std::span<const append_request>) -> std::optional<std::vector<append_result>> {
    if (held.exchange(false)) opened.wait();
    return std::nullopt;
  };
  auto first = box.submit(box.make("a", "Add", {{"amount", 1}}));
  auto second = box.submit(box.make("a", "Confirm", {{"at", 1}}, "key-1"));
  auto third = box.submit(box.make("a", "Add", {{"amount", 5}}, "key-2"));
  BOOST_TEST(box.eventually([&] {
    const auto seen = box.actors->actor("/features/counting/command-handlers/a");
    return seen && seen->second.is_object() && seen->second.at("waiting") == 2;
  }));
  release.set_value();
  BOOST_TEST(to_string(first.get().status) == "accepted");
  BOOST_TEST(to_string(second.get().status) == "accepted");
  BOOST_TEST(third.get().version == 2U);
}

BOOST_AUTO_TEST_CASE(a_demand_for_a_version_that_failed_fails_again_under_its_id) {
  node_in_a_box box;
  auto demanding = box.make("a", "Add", {{"amount", 2}}, "key-1");
  demanding.expected_version = 1;
  const auto refused = box.run(demanding);
  BOOST_TEST(to_string(refused.status) == "version-mismatch");
  box.add("a", 1);
  BOOST_TEST((box.run(demanding) == refused));
  BOOST_TEST((box.amounts("a") == std::vector<int>{1}));
}

BOOST_AUTO_TEST_CASE(another_command_under_a_used_id_is_refused) {
  node_in_a_box box;
  box.add("a", 2, "key-1");
  BOOST_TEST(to_string(box.add("a", 3, "key-1").status) == "id-reused");
  BOOST_TEST(to_string(box.add("b", 2, "key-1").status) == "id-reused");
  BOOST_TEST((box.amounts("a") == std::vector<int>{2}));
  BOOST_TEST(box.amounts("b").empty());
}

BOOST_AUTO_TEST_CASE(an_expected_version_that_does_not_hold_refuses_the_command) {
  node_in_a_box box;
  box.add("a", 2);
  auto late = box.make("a", "Add", {{"amount", 1}});
  late.expected_version = 0;
  const auto outcome = box.run(late);
  BOOST_TEST(to_string(outcome.status) == "version-mismatch");
  BOOST_TEST(outcome.version == 1U);
  BOOST_TEST((box.amounts("a") == std::vector<int>{2}));
}

BOOST_AUTO_TEST_CASE(a_command_past_its_deadline_is_not_decided) {
  node_in_a_box box;
  auto late = box.make("a", "Add", {{"amount", 1}});
  late.deadline = box.time.monotonic() - 1s;
  BOOST_TEST(box.run(late).code == "deadline-exceeded");
  BOOST_TEST(box.amounts("a").empty());
}

BOOST_AUTO_TEST_CASE(commands_that_wait_for_a_hot_entity_share_appends_and_keep_their_order) {
  node_in_a_box box;
  std::promise<void> open;
  auto gate = open.get_future().share();
  box.log.interfere = [gate](auto) {
    gate.wait();
    return std::nullopt;
  };
  std::vector<std::future<command_outcome>> answers;
  std::vector<int> expected;
  for (int i = 1; i <= 200; ++i) {
    answers.push_back(box.submit(box.make("a", "Add", {{"amount", i}})));
    expected.push_back(i);
  }
  open.set_value();
  for (std::size_t i = 0; i < answers.size(); ++i) BOOST_TEST(answers[i].get().version == i + 1);
  BOOST_TEST((box.amounts("a") == expected));
  BOOST_TEST(box.log.appends < 200);
}

int loads(const node_in_a_box& box) {
  int count = 0;
  for (const auto* reader : {"/log/reader-1", "/log/reader-2"})
    count += box.actors->actor(reader)->second.at("entitiesLoaded").get<int>();
  return count;
}

int lookups(const node_in_a_box& box) {
  int count = 0;
  for (const auto* reader : {"/log/reader-1", "/log/reader-2"})
    count += box.actors->actor(reader)->second.at("lookups").get<int>();
  return count;
}

BOOST_AUTO_TEST_CASE(a_new_entity_is_stored_without_asking_the_log_first) {
  node_in_a_box box;
  BOOST_TEST(box.add("a", 2).version == 1U);
  BOOST_TEST(box.add("b", 3, "key-1").version == 1U);
  BOOST_TEST(box.add("b", 4, "key-2").version == 2U);
  BOOST_TEST(loads(box) == 0);
  BOOST_TEST(lookups(box) == 0);
}

BOOST_AUTO_TEST_CASE(an_entity_that_was_taken_for_new_is_loaded_and_decided_again) {
  node_in_a_box box;
  append_foreign(box.log.inner, {"counting", "a"}, 5, "foreign");
  BOOST_TEST(box.add("a", 2).version == 2U);
  BOOST_TEST((box.amounts("a") == std::vector<int>{5, 2}));
  BOOST_TEST(loads(box) == 1);
  // What is refused to a new entity may be right for one with a history, and is not tried at all.
  append_foreign(box.log.inner, {"counting", "b"}, 7, "foreign-2");
  const int before = box.log.appends;
  BOOST_TEST(to_string(box.run(box.make("b", "Confirm", {{"at", 7}})).status) == "accepted");
  BOOST_TEST(box.log.appends == before);
}

BOOST_AUTO_TEST_CASE(a_repeat_after_passivation_is_found_by_the_append) {
  engine_options options;
  options.max_resident = 1;
  node_in_a_box box(options);
  const auto first = box.add("a", 2, "key-1");
  box.add("b", 1);
  BOOST_TEST((box.add("a", 2, "key-1") == first));
  BOOST_TEST(to_string(box.add("a", 3, "key-1").status) == "id-reused");
  BOOST_TEST(to_string(box.add("c", 2, "key-1").status) == "id-reused");
  BOOST_TEST((box.amounts("a") == std::vector<int>{2}));
  BOOST_TEST(box.amounts("c").empty());
}

BOOST_AUTO_TEST_CASE(a_repeat_whose_decision_would_now_crash_gets_its_first_answer) {
  node_in_a_box box;
  const auto first = box.run(box.make("a", "CrashUnlessNew", json::object(), "key-1"));
  BOOST_TEST(to_string(first.status) == "accepted");
  auto other = box.submit(box.make("a", "Add", {{"amount", 3}}));
  BOOST_TEST((box.run(box.make("a", "CrashUnlessNew", json::object(), "key-1")) == first));
  BOOST_TEST(to_string(other.get().status) == "accepted");
  BOOST_TEST((box.amounts("a") == std::vector<int>{1, 3}));
  const auto seen = box.actors->actor("/features/counting/command-handlers/a");
  BOOST_TEST(seen->first.restarts == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE(races)

BOOST_AUTO_TEST_CASE(a_lost_race_reloads_and_decides_again) {
  node_in_a_box box;
  box.add("a", 1);
  bool once = false;
  box.log.interfere = [&](auto) {
    if (!std::exchange(once, true)) append_foreign(box.log.inner, {"counting", "a"}, 10, "foreign");
    return std::nullopt;
  };
  // Refused at 1, accepted at 11: the second decision must see the other's event.
  auto add = box.submit(box.make("a", "Add", {{"amount", 5}}));
  BOOST_TEST(to_string(add.get().status) == "accepted");
  BOOST_TEST((box.amounts("a") == std::vector<int>{1, 10, 5}));
  BOOST_TEST(to_string(box.run(box.make("a", "Confirm", {{"at", 16}})).status) == "accepted");
}

BOOST_AUTO_TEST_CASE(a_race_lost_too_often_is_given_back_to_the_caller_and_stores_nothing) {
  node_in_a_box box;
  box.add("a", 1);
  int round = 0;
  box.log.interfere = [&](auto) {
    append_foreign(box.log.inner, {"counting", "a"}, 1, "foreign-" + std::to_string(++round));
    return std::nullopt;
  };
  const auto outcome = box.add("a", 100);
  BOOST_TEST(to_string(outcome.status) == "conflict");
  BOOST_TEST(round == 4);
  BOOST_TEST(box.total("a") == 5);
}

BOOST_AUTO_TEST_CASE(a_lost_race_refuses_a_command_that_demanded_a_version) {
  node_in_a_box box;
  bool once = false;
  box.log.interfere = [&](auto) {
    if (!std::exchange(once, true)) append_foreign(box.log.inner, {"counting", "a"}, 1, "foreign");
    return std::nullopt;
  };
  auto first = box.make("a", "Add", {{"amount", 5}});
  first.expected_version = 0;
  BOOST_TEST(to_string(box.run(first).status) == "version-mismatch");
  BOOST_TEST((box.amounts("a") == std::vector<int>{1}));
}

BOOST_AUTO_TEST_CASE(where_others_write_an_answer_without_events_rests_on_what_the_log_holds_now) {
  node_in_a_box box({}, true);
  box.add("a", 1);
  append_foreign(box.log.inner, {"counting", "a"}, 10, "foreign-1");
  BOOST_TEST(to_string(box.run(box.make("a", "Confirm", {{"at", 11}})).status) == "accepted");
  append_foreign(box.log.inner, {"counting", "a"}, 10, "foreign-2");
  auto demanding = box.make("a", "Add", {{"amount", 5}});
  demanding.expected_version = 3;
  BOOST_TEST(to_string(box.run(demanding).status) == "accepted");
  append_foreign(box.log.inner, {"counting", "a"}, 10, "foreign-3");
  auto late = box.make("a", "Confirm", {{"at", 36}}, "key-1");
  late.expected_version = 4;
  BOOST_TEST(to_string(box.run(late).status) == "version-mismatch");
}

BOOST_AUTO_TEST_CASE(
    an_answer_without_events_is_not_told_when_a_commit_decided_with_it_loses_its_race) {
  node_in_a_box box({}, true);
  box.add("a", 1);
  std::promise<void> open;
  auto gate = open.get_future().share();
  int append_number = 0;
  box.log.interfere = [&, gate](auto) {
    gate.wait();
    if (++append_number == 2) append_foreign(box.log.inner, {"counting", "a"}, 10, "foreign");
    return std::nullopt;
  };
  auto blocker = box.submit(box.make("a", "Add", {{"amount", 1}}));
  auto confirm = box.submit(box.make("a", "Confirm", {{"at", 12}}));
  auto add = box.submit(box.make("a", "Add", {{"amount", 5}}));
  open.set_value();
  BOOST_TEST(to_string(blocker.get().status) == "accepted");
  BOOST_TEST(to_string(confirm.get().status) == "accepted");
  BOOST_TEST(to_string(add.get().status) == "accepted");
  BOOST_TEST((box.amounts("a") == std::vector<int>{1, 1, 10, 5}));
}

BOOST_AUTO_TEST_CASE(a_log_of_its_own_is_not_asked_to_confirm_anything) {
  node_in_a_box box;
  box.add("a", 1);
  const int before = box.log.reads;
  BOOST_TEST(to_string(box.run(box.make("a", "Confirm", {{"at", 1}})).status) == "accepted");
  BOOST_TEST(box.log.reads == before);
}

BOOST_AUTO_TEST_CASE(nobody_is_told_of_state_that_was_not_stored) {
  node_in_a_box box;
  box.add("a", 1);
  // The first of two commands fails to be stored; the second, decided over the first one's state,
  // must be decided anew.
  std::promise<void> open;
  auto gate = open.get_future().share();
  int append_number = 0;
  box.log.interfere =
      [&, gate](
          std::span<const append_request> requests) -> std::optional<std::vector<append_result>> {
    gate.wait();
    // The append that carries the amount 7 fails, once.
    if (append_number < 1 &&
        requests.front().commits.front().body.find("\"amount\":7") != std::string::npos) {
      ++append_number;
      return std::vector<append_result>(requests.size(),
                                        append_result{{}, error{errc::unavailable, "planted"}});
    }
    return std::nullopt;
  };
  auto blocker = box.submit(box.make("a", "Add", {{"amount", 1}}));
  auto lost = box.submit(box.make("a", "Add", {{"amount", 7}}));
  // Without a key it is decided in the same round; with one it is looked up first.
  auto at_once = box.submit(box.make("a", "Confirm", {{"at", 9}}));
  auto confirm = box.submit(box.make("a", "Confirm", {{"at", 9}}, "key-1"));
  BOOST_REQUIRE(box.eventually(
      [&] { return box.state_of("/features/counting/command-handlers/a").at("waiting") == 3; }));
  open.set_value();
  BOOST_TEST(to_string(blocker.get().status) == "accepted");
  const bool lost_was_stored = lost.get().status == outcome_status::accepted;
  const bool confirmed = confirm.get().status == outcome_status::accepted;
  BOOST_TEST(!lost_was_stored);
  BOOST_TEST(!confirmed);
  BOOST_TEST(to_string(at_once.get().status) != "accepted");
  BOOST_TEST(box.total("a") == 2);
  // A kept answer must not remember it either.
  BOOST_TEST(to_string(box.run(box.make("a", "Confirm", {{"at", 9}}, "key-1")).status) !=
             "accepted");
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE(crashes)

BOOST_AUTO_TEST_CASE(
    a_handler_that_throws_says_failed_and_the_next_command_finds_what_the_log_says) {
  node_in_a_box box;
  box.add("a", 2);
  const auto crashed = box.run(box.make("a", "Crash", json::object()));
  BOOST_TEST(to_string(crashed.status) == "failed");
  BOOST_TEST(crashed.code == "handler-crashed");
  BOOST_TEST(to_string(box.run(box.make("a", "Confirm", {{"at", 2}})).status) == "accepted");
  const auto seen = box.actors->actor("/features/counting/command-handlers/a");
  BOOST_REQUIRE(seen);
  BOOST_TEST(seen->first.restarts == 1U);
  BOOST_TEST(seen->first.last_error == "planted crash");
}

BOOST_AUTO_TEST_CASE(commands_that_wait_behind_a_crash_are_decided_by_the_next_handler) {
  node_in_a_box box;
  std::vector<std::future<command_outcome>> answers;
  for (int i = 0; i < 20; ++i) {
    answers.push_back(box.submit(box.make("a", "Add", {{"amount", 1}})));
    if (i == 10) answers.push_back(box.submit(box.make("a", "Crash", json::object())));
  }
  int accepted = 0;
  for (auto& one : answers) accepted += one.get().status == outcome_status::accepted ? 1 : 0;
  BOOST_TEST(accepted == 20);
  BOOST_TEST(box.total("a") == 20);
}

BOOST_AUTO_TEST_CASE(a_handler_that_keeps_crashing_refuses_commands_for_a_while) {
  engine_options options;
  options.handler_policy.max_restarts = 2;
  node_in_a_box box(options);
  command_outcome last;
  for (int i = 0; i < 4; ++i) last = box.run(box.make("a", "Crash", json::object()));
  BOOST_TEST(last.code == "handler-failing");
  BOOST_TEST(last.retry_after > 0);
  BOOST_TEST(to_string(box.add("b", 1).status) == "accepted");
}

BOOST_AUTO_TEST_CASE(a_writer_that_dies_after_storing_leaves_a_command_accepted) {
  node_in_a_box box;
  bool once = false;
  box.log.interfere =
      [&](std::span<const append_request> requests) -> std::optional<std::vector<append_result>> {
    if (std::exchange(once, true)) return std::nullopt;
    box.log.inner.append(requests, {});
    throw std::runtime_error("planted crash of the writer");
  };
  const auto outcome = box.add("a", 2);
  BOOST_TEST(to_string(outcome.status) == "accepted");
  BOOST_TEST(outcome.version == 1U);
  BOOST_TEST((box.amounts("a") == std::vector<int>{2}));
  BOOST_TEST(
      box.eventually([&] { return box.actors->actor("/log/writer")->first.restarts == 1U; }));
}

BOOST_AUTO_TEST_CASE(a_command_that_a_dying_writer_did_not_store_is_stored_by_the_next_one) {
  node_in_a_box box;
  bool once = false;
  box.log.interfere = [&](auto) -> std::optional<std::vector<append_result>> {
    if (std::exchange(once, true)) return std::nullopt;
    throw std::runtime_error("planted crash of the writer");
  };
  BOOST_TEST(to_string(box.add("a", 2).status) == "accepted");
  BOOST_TEST((box.amounts("a") == std::vector<int>{2}));
  BOOST_TEST(box.actors->actor("/log/writer")->first.restarts == 1U);
}

BOOST_AUTO_TEST_CASE(a_command_that_no_writer_can_store_is_definitely_not_stored) {
  engine_options options;
  options.component_policy.max_restarts = 1'000;
  node_in_a_box box(options);
  box.log.interfere = [&](auto) -> std::optional<std::vector<append_result>> {
    throw std::runtime_error("planted crash of the writer");
  };
  const auto refused = box.add("a", 2);
  BOOST_TEST(to_string(refused.status) == "unavailable");
  BOOST_TEST(refused.code == "handler-failing");
  BOOST_TEST(box.amounts("a").empty());
}

BOOST_AUTO_TEST_CASE(a_log_that_is_away_refuses_and_serves_again_when_it_is_back) {
  node_in_a_box box;
  std::atomic<bool> away{true};
  box.log.interfere =
      [&](std::span<const append_request> requests) -> std::optional<std::vector<append_result>> {
    if (!away) return std::nullopt;
    return std::vector<append_result>(requests.size(),
                                      append_result{{}, error{errc::unavailable, "disk full"}});
  };
  const auto refused = box.add("a", 2);
  BOOST_TEST(to_string(refused.status) == "unavailable");
  BOOST_TEST(refused.detail == "disk full");
  away = false;
  BOOST_TEST(box.add("a", 3).version == 1U);
}

BOOST_AUTO_TEST_CASE(a_supervisor_that_gives_up_makes_the_node_not_ready_until_a_person_restarts) {
  engine_options options;
  options.component_policy.max_restarts = 0;
  node_in_a_box box(options);
  std::atomic<bool> broken{true};
  box.log.interfere = [&](auto) -> std::optional<std::vector<append_result>> {
    if (broken) throw std::runtime_error("planted crash of the writer");
    return std::nullopt;
  };
  BOOST_TEST(box.actors->troubles().empty());
  box.submit(box.make("a", "Add", {{"amount", 1}}));
  BOOST_REQUIRE(box.eventually([&] {
    const auto troubles = box.actors->troubles();
    return std::ranges::any_of(troubles,
                               [](const auto& one) { return one.first == "supervision"; });
  }));
  broken = false;
  BOOST_REQUIRE(box.actors->restart("/log"));
  BOOST_TEST(box.eventually([&] { return box.actors->troubles().empty(); }));
  BOOST_TEST(to_string(box.add("b", 1).status) == "accepted");
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE(bounds)

BOOST_AUTO_TEST_CASE(commands_past_the_bounds_of_node_and_entity_are_shed) {
  engine_options options;
  options.max_in_flight = 5;
  options.max_in_flight_per_entity = 3;
  node_in_a_box box(options);
  std::promise<void> open;
  auto gate = open.get_future().share();
  box.log.interfere = [gate](auto) {
    gate.wait();
    return std::nullopt;
  };
  std::vector<std::future<command_outcome>> to_a;
  for (int i = 0; i < 3; ++i) to_a.push_back(box.submit(box.make("a", "Add", {{"amount", 1}})));
  const auto fourth = box.run(box.make("a", "Add", {{"amount", 1}}));
  BOOST_TEST(fourth.code == "entity-overloaded");
  BOOST_TEST(fourth.retry_after > 0);
  auto b = box.submit(box.make("b", "Add", {{"amount", 1}}));
  auto c = box.submit(box.make("c", "Add", {{"amount", 1}}));
  BOOST_TEST(box.run(box.make("d", "Add", {{"amount", 1}})).code == "node-overloaded");
  open.set_value();
  for (auto& one : to_a) BOOST_TEST(to_string(one.get().status) == "accepted");
  BOOST_TEST(to_string(b.get().status) == "accepted");
  BOOST_TEST(to_string(c.get().status) == "accepted");
  BOOST_TEST(to_string(box.add("d", 1).status) == "accepted");
}

BOOST_AUTO_TEST_CASE(the_least_recently_used_handlers_are_passivated_and_load_again) {
  engine_options options;
  options.max_resident = 3;
  node_in_a_box box(options);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 10; ++i) {
      const auto id = "e" + std::to_string(i);
      BOOST_TEST(box.add(id, 1).version == static_cast<version_t>(round + 1));
      // A handler that has not reported its answer yet is not idle, and would stay for longer.
      BOOST_TEST_REQUIRE(box.eventually([&] {
        return box.actors->actor("/features/counting/command-handlers/" + id)->first.mailbox == 0U;
      }));
    }
  }
  BOOST_TEST(box.actors->actors("command-handler", "", "", 100).size() == 3U);
  BOOST_TEST(box.actors->counts().surplus == 27U);
  BOOST_TEST(box.actors->counts().idled == 0U);
}

BOOST_AUTO_TEST_CASE(idle_handlers_are_passivated) {
  engine_options options;
  options.idle_timeout = 1ms;
  node_in_a_box box(options);
  box.add("a", 1);
  BOOST_TEST(box.eventually([&] { return box.actors->counts().idled > 0; }));
  BOOST_TEST(box.add("a", 1).version == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE(projections)

BOOST_AUTO_TEST_CASE(a_view_follows_the_log) {
  node_in_a_box box;
  for (int i = 0; i < 50; ++i) box.add("e" + std::to_string(i % 5), i);
  box.await_view();
  for (int i = 0; i < 5; ++i) {
    const auto entity = "e" + std::to_string(i);
    BOOST_TEST(box.row(entity)["total"] == box.total(entity));
  }
}

BOOST_AUTO_TEST_CASE(a_poison_event_is_parked_after_one_restart_and_only_its_key_waits) {
  node_in_a_box box;
  counting::poison = 13;
  box.add("bad", 1);
  box.add("bad", 13);
  box.add("bad", 2);
  box.add("good", 5);
  box.await_view();
  box.add("bad", 3);
  box.add("good", 6);
  box.await_view();
  BOOST_TEST(box.row("bad")["total"] == 1);
  BOOST_TEST(box.row("good")["total"] == 11);
  const auto letters = *box.views->dead_letters("totals", 0, 10);
  BOOST_REQUIRE_EQUAL(letters.size(), 3U);
  BOOST_TEST(letters[0].reason == "planted poison");
  BOOST_TEST(letters[0].version == 2U);
  BOOST_TEST(letters[0].position > 0U);
  BOOST_TEST(letters[1].version == 3U);
  BOOST_TEST(letters[2].version == 4U);
  const auto seen = box.actors->actor("/features/counting/projectors/totals");
  BOOST_REQUIRE(seen);
  BOOST_TEST(seen->first.restarts == 1U);
  BOOST_TEST(seen->first.last_error.find("planted poison") != std::string::npos);
  const auto listed = box.actors->projections();
  BOOST_TEST(listed[0].parked == 3U);
  BOOST_TEST(listed[0].last_error.find("planted poison") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_retried_event_is_applied_with_those_behind_it_and_its_key_goes_on) {
  node_in_a_box box;
  counting::poison = 13;
  for (const int amount : {1, 13, 2, 3}) box.add("bad", amount);
  box.add("other", 13);
  box.await_view();
  counting::poison = 0;
  const auto letters = *box.views->dead_letters("totals", 0, 10);
  BOOST_REQUIRE_EQUAL(letters.size(), 4U);

  // Not out of order.
  const auto early = box.actors->retry_parked_event("totals", letters[1].id);
  BOOST_REQUIRE(!early);
  BOOST_TEST((early.error().code == errc::conflict));
  BOOST_TEST(early.error().message.find("totals." + std::to_string(letters[0].id)) !=
             std::string::npos);
  BOOST_TEST(box.row("bad")["total"] == 1);

  const auto done = box.actors->retry_parked_event("totals", letters[0].id);
  BOOST_REQUIRE(done);
  BOOST_TEST(done->applied == 3U);
  BOOST_TEST(done->parked_again == 0U);
  BOOST_TEST(box.row("bad")["total"] == 19);
  const auto left = *box.views->dead_letters("totals", 0, 10);
  BOOST_REQUIRE_EQUAL(left.size(), 1U);
  BOOST_TEST(left[0].key == "other");
  BOOST_TEST(box.state_of("/features/counting/projectors/totals")["blockedKeys"] == 1);

  // A second time does nothing.
  const auto again = box.actors->retry_parked_event("totals", letters[0].id);
  BOOST_REQUIRE(!again);
  BOOST_TEST((again.error().code == errc::not_found));
  box.add("bad", 4);
  box.await_view();
  BOOST_TEST(box.row("bad")["total"] == 23);
  BOOST_TEST(!box.actors->retry_parked_event("nothing", 1));
}

BOOST_AUTO_TEST_CASE(an_event_that_fails_again_stays_parked_with_those_behind_it) {
  node_in_a_box box;
  counting::poison = 13;
  for (const int amount : {13, 2, 7}) box.add("bad", amount);
  box.await_view();
  const auto before = *box.views->dead_letters("totals", 0, 10);
  const auto failed = box.actors->retry_parked_event("totals", before[0].id);
  BOOST_REQUIRE(!failed);
  BOOST_TEST((failed.error().code == errc::conflict));
  BOOST_TEST(failed.error().message.find("planted poison") != std::string::npos);
  const auto after = *box.views->dead_letters("totals", 0, 10);
  BOOST_REQUIRE_EQUAL(after.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) BOOST_TEST(after[i].id == before[i].id);
  BOOST_TEST(box.row("bad").is_null());

  // What goes before the next poison is applied, and that one tells why it stays.
  counting::poison = 7;
  const auto partly = box.actors->retry_parked_event("totals", before[0].id);
  BOOST_REQUIRE(partly);
  BOOST_TEST(partly->applied == 2U);
  BOOST_TEST(partly->parked_again == 1U);
  BOOST_TEST(partly->reason == "planted poison");
  BOOST_TEST(box.row("bad")["total"] == 15);
  const auto left = *box.views->dead_letters("totals", 0, 10);
  BOOST_REQUIRE_EQUAL(left.size(), 1U);
  BOOST_TEST(left[0].reason == "planted poison");
  BOOST_TEST(box.projection().status == "running");
  counting::poison = 0;
  BOOST_TEST(box.actors->retry_parked_event("totals", left[0].id)->applied == 1U);
  BOOST_TEST(box.row("bad")["total"] == 22);
}

BOOST_AUTO_TEST_CASE(a_discarded_event_leaves_its_row_as_if_it_had_not_been) {
  node_in_a_box box;
  counting::poison = 13;
  for (const int amount : {1, 13, 2}) box.add("bad", amount);
  box.await_view();
  const auto letters = *box.views->dead_letters("totals", 0, 10);
  const auto gone = box.actors->discard_parked_event("totals", letters[0].id);
  BOOST_REQUIRE(gone);
  BOOST_TEST(gone->version == 2U);
  BOOST_TEST(
      (box.actors->discard_parked_event("totals", letters[0].id).error().code == errc::not_found));
  // The next one still waits, and holds up the key, until it is retried.
  box.add("bad", 3);
  box.await_view();
  BOOST_TEST(box.row("bad")["total"] == 1);
  BOOST_TEST(box.actors->retry_parked_event("totals", letters[1].id)->applied == 2U);
  BOOST_TEST(box.row("bad")["total"] == 6);
  box.add("bad", 4);
  box.await_view();
  BOOST_TEST(box.row("bad")["total"] == 10);
}

BOOST_AUTO_TEST_CASE(a_commit_that_can_be_read_again_is_applied_when_it_is_retried) {
  node_in_a_box box;
  box.add("bad", 1);
  box.await_view();
  const auto at = *box.log.head("counting");
  // As if the commit had been damaged when it was first read.
  const auto checkpoint = *box.views->checkpoint("totals");
  auto damaged = std::move(*box.views->begin("totals", checkpoint, checkpoint));
  const dead_letter unread{0, "totals", "bad", {"counting", "bad"}, at,
                           1, "c",      "",    "cannot be read",    {}};
  BOOST_REQUIRE(damaged->park(std::span(&unread, 1)));
  BOOST_REQUIRE(damaged->commit());
  const auto id = box.views->dead_letters("totals", 0, 10)->front().id;
  BOOST_TEST(box.actors->retry_parked_event("totals", id)->applied == 1U);
  BOOST_TEST(box.row("bad")["total"] == 2);
  BOOST_TEST(box.views->dead_letters("totals", 0, 10)->empty());
}

BOOST_AUTO_TEST_CASE(past_its_dead_letters_a_projector_stops_and_drops_nothing) {
  engine_options options;
  options.max_dead_letters = 2;
  options.backoff_policy.max_restarts = 1'000'000;
  node_in_a_box box(options);
  counting::poison = 13;
  box.add("bad", 13);
  box.add("bad", 1);
  box.await_view();
  box.add("bad", 2);
  box.add("good", 5);
  BOOST_REQUIRE(box.eventually([&] {
    const auto now = box.actors->projections()[0];
    return now.status == "failing" &&
           now.last_error.find("--max-dead-letters") != std::string::npos;
  }));
  BOOST_TEST(box.views->dead_letters("totals", 0, 10)->size() == 2U);
  counting::poison = 0;
  BOOST_REQUIRE(
      box.eventually([&] { return box.actors->rebuild_projection("totals").has_value(); }));
  box.await_view();
  BOOST_TEST(box.row("bad")["total"] == 16);
  BOOST_TEST(box.row("good")["total"] == 5);
  BOOST_TEST(box.views->dead_letters("totals", 0, 10)->empty());
}

BOOST_AUTO_TEST_CASE(an_unreadable_commit_is_parked_with_its_position) {
  node_in_a_box box;
  const append_request broken{{commit{{"counting", "bad"}, 1, 1, "broken", 0, "{\"id\":1}", {}}}};
  box.log.inner.append(std::span(&broken, 1), {});
  box.add("good", 5);
  box.await_view();
  BOOST_TEST(box.row("good")["total"] == 5);
  const auto letters = *box.views->dead_letters("totals", 0, 10);
  BOOST_REQUIRE_EQUAL(letters.size(), 1U);
  BOOST_TEST(letters[0].position == 1U);
  BOOST_TEST(letters[0].reason.find("position 1") != std::string::npos);
  BOOST_TEST(box.add("bad", 1).code == "unreadable-history");
}

BOOST_AUTO_TEST_CASE(a_rebuilt_view_equals_the_old_one_and_parked_events_are_tried_again) {
  node_in_a_box box;
  counting::poison = 13;
  box.add("bad", 13);
  for (int i = 0; i < 20; ++i) box.add("e" + std::to_string(i % 3), i);
  box.await_view();
  counting::poison = 0;
  BOOST_REQUIRE(box.actors->rebuild_projection("totals"));
  box.await_view();
  for (int i = 0; i < 3; ++i)
    BOOST_TEST(box.row("e" + std::to_string(i))["total"] == box.total("e" + std::to_string(i)));
  BOOST_TEST(box.row("bad")["total"] == 13);
  BOOST_TEST(box.views->dead_letters("totals", 0, 10)->empty());
}

BOOST_AUTO_TEST_CASE(a_paused_projector_applies_nothing_until_it_is_resumed) {
  node_in_a_box box;
  box.add("a", 1);
  box.await_view();
  BOOST_REQUIRE(box.actors->pause_projection("totals"));
  box.add("a", 1);
  BOOST_TEST(!box.actors->await_projection("totals", *box.log.head("counting"),
                                           box.time.monotonic() + 50ms));
  BOOST_TEST(box.actors->projections()[0].status == "paused");
  BOOST_REQUIRE(box.actors->resume_projection("totals"));
  box.await_view();
  BOOST_TEST(box.row("a")["total"] == 2);
}

BOOST_AUTO_TEST_CASE(a_checkpoint_that_somebody_else_moved_is_taken_over) {
  node_in_a_box box;
  box.add("a", 1);
  box.await_view();
  const auto at = *box.views->checkpoint("totals");
  auto other = std::move(*box.views->begin("totals", at, at + 1));
  const std::vector<json> rows{{{"id", "a"}, {"total", 100}}};
  BOOST_REQUIRE(other->upsert({"totals", "id"}, rows));
  BOOST_REQUIRE(other->commit());
  box.add("a", 7);  // At the position that the other one claims to have applied.
  box.add("a", 1);
  box.await_view();
  BOOST_TEST(box.row("a")["total"] == 101);
  BOOST_TEST(box.actors->actor("/features/counting/projectors/totals")->first.restarts == 0U);
}

BOOST_AUTO_TEST_CASE(a_pause_holds_over_a_restart_of_the_node) {
  node_in_a_box box;
  box.add("a", 1);
  box.await_view();
  BOOST_REQUIRE(box.actors->pause_projection("totals"));
  box.start();
  BOOST_TEST(box.eventually([&] { return box.projection().status == "paused"; }));
  box.add("a", 1);
  BOOST_TEST(box.row("a")["total"] == 1);
  BOOST_REQUIRE(box.actors->resume_projection("totals"));
  box.await_view();
  BOOST_TEST(box.row("a")["total"] == 2);
  box.start();
  box.add("a", 1);
  box.await_view();
  BOOST_TEST(box.projection().status == "running");
}

BOOST_AUTO_TEST_CASE(a_checkpoint_ahead_of_the_log_stops_the_projector_until_it_is_rebuilt) {
  node_in_a_box box;
  box.add("a", 1);
  box.await_view();
  // As after a log that was restored from a backup, and has lost what the view has seen.
  const auto at = *box.views->checkpoint("totals");
  auto newer = std::move(*box.views->begin("totals", at, at + 2));
  BOOST_REQUIRE(newer->commit());
  box.start();
  BOOST_TEST(box.eventually([&] { return box.projection().status == "failing"; }));
  BOOST_TEST(box.projection().last_error.find("is at position 3, but the log of 'counting' ends at "
                                              "1") != std::string::npos);
  BOOST_TEST(!box.actors->troubles().empty());

  // Not even when the log has grown again beyond the checkpoint, and the node has been restarted.
  for (int i = 0; i < 4; ++i) box.add("b", 1);
  box.start();
  BOOST_TEST(box.eventually([&] { return box.projection().status == "failing"; }));
  BOOST_REQUIRE(box.actors->pause_projection("totals"));
  const auto resumed = box.actors->resume_projection("totals");
  BOOST_REQUIRE(!resumed);
  BOOST_TEST((resumed.error().code == errc::conflict));
  BOOST_TEST(*box.views->checkpoint("totals") == 3U);
  BOOST_TEST(box.row("b").is_null());
  // Nobody waits in vain.
  BOOST_TEST(!box.actors->await_projection("totals", 9, monotonic_time::max()));

  BOOST_REQUIRE(box.actors->rebuild_projection("totals"));
  box.await_view();
  BOOST_TEST(box.row("b")["total"] == 4);
  BOOST_TEST(box.projection().status == "running");
}

BOOST_AUTO_TEST_CASE(a_log_that_cannot_tell_its_end_stops_a_projector_for_that_time_only) {
  engine_options options;
  options.backoff_policy.max_restarts = 1'000'000;
  node_in_a_box box(options);
  box.add("a", 1);
  box.await_view();
  box.log.head_unknown = true;
  box.start();
  BOOST_TEST(box.eventually([&] { return box.projection().status == "failing"; }));
  BOOST_TEST(!box.views->pause_reason("totals")->has_value());
  box.log.head_unknown = false;
  box.add("a", 1);
  box.await_view();
  BOOST_TEST(box.row("a")["total"] == 2);
  BOOST_TEST(box.projection().status == "running");
}

BOOST_AUTO_TEST_CASE(an_event_of_a_newer_program_stops_the_projector_and_is_not_parked) {
  engine_options options;
  options.backoff_policy.max_restarts = 1'000'000;  // It is tried again and again.
  node_in_a_box box(options);
  const envelope newer{"e", "Added", {{"schemaVersion", 2}}, {{"amount", 1}}};
  const append_request request{
      {{{"counting", "a"}, 1, 1, "c", 0, encode_body(std::span(&newer, 1)), {}}}};
  BOOST_REQUIRE(!box.log.append(std::span(&request, 1), {}).front().failure);
  BOOST_TEST(box.eventually([&] { return box.projection().status == "failing"; }));
  BOOST_TEST(box.projection().last_error.find("run the newer program") != std::string::npos);
  BOOST_TEST(box.views->dead_letters("", 0, 10)->empty());
  const auto refused = box.run(box.make("a", "Add", {{"amount", 1}}));
  BOOST_TEST(to_string(refused.status) == "unavailable");
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE(snapshots)

engine_options every(version_t events) {
  engine_options options;
  options.snapshot_every = events;
  return options;
}

std::optional<snapshot> snapshot_of(node_in_a_box& box, const std::string& entity) {
  return *box.log.load_snapshot({"counting", entity});
}

BOOST_AUTO_TEST_CASE(a_snapshot_is_taken_every_so_many_events) {
  node_in_a_box box(every(5));
  for (int i = 0; i < 4; ++i) box.add("a", 1);
  BOOST_TEST(!snapshot_of(box, "a").has_value());
  for (int i = 0; i < 8; ++i) box.add("a", 1);
  BOOST_TEST(
      box.eventually([&] { return snapshot_of(box, "a").value_or(snapshot{}).version == 10; }));
  BOOST_TEST(snapshot_of(box, "a")->state["total"] == 10);
  box.start();
  BOOST_TEST(to_string(box.run(box.make("a", "Confirm", {{"at", 12}})).status) == "accepted");
  BOOST_TEST(box.state_of("/log/reader-1")["fromSnapshot"].get<int>() +
                 box.state_of("/log/reader-2")["fromSnapshot"].get<int>() ==
             1);
}

BOOST_AUTO_TEST_CASE(none_is_taken_or_used_when_they_are_off) {
  node_in_a_box box(every(0));
  for (int i = 0; i < 10; ++i) box.add("a", 1, i == 0 ? "first" : "");
  const auto& kernel = *box.features[0].aggregates()[0].kernel;
  BOOST_REQUIRE(box.log.save_snapshot(
      {{"counting", "a"}, 1, 1, snapshot_schema(kernel, digest_of("first")), {{"total", 1'000}}}));
  box.start();
  BOOST_TEST(to_string(box.run(box.make("a", "Confirm", {{"at", 10}})).status) == "accepted");
  BOOST_TEST(box.state_of("/log/snapshots")["saved"] == 0);
}

BOOST_AUTO_TEST_CASE(one_of_another_shape_is_dropped_and_remade) {
  node_in_a_box box(every(5));
  for (int i = 0; i < 4; ++i) box.add("a", 1);
  // It could be read, and would mean something else.
  BOOST_REQUIRE(box.log.save_snapshot({{"counting", "a"}, 4, 4, "old", {{"total", 400}}}));
  box.start();
  box.add("a", 1);
  BOOST_TEST(box.eventually([&] { return snapshot_of(box, "a")->schema != "old"; }));
  BOOST_TEST(snapshot_of(box, "a")->version == 5U);
  BOOST_TEST(snapshot_of(box, "a")->state == json({{"total", 5}}));
}

BOOST_AUTO_TEST_CASE(a_long_history_without_one_gets_one_when_it_is_loaded) {
  node_in_a_box box(every(0));
  for (int i = 0; i < 7; ++i) box.add("a", 1);
  box.options = every(5);
  box.start();
  box.run(box.make("a", "Confirm", {{"at", 7}}));
  BOOST_TEST(box.eventually([&] { return snapshot_of(box, "a").has_value(); }));
  BOOST_TEST(snapshot_of(box, "a")->version == 7U);
}

BOOST_AUTO_TEST_CASE(a_save_that_fails_is_counted_and_no_command_knows) {
  node_in_a_box box(every(1));
  box.log.before_snapshot = [](const snapshot&) {
    return result<void>(error{errc::unavailable, "the disk is full"});
  };
  for (int i = 0; i < 3; ++i) BOOST_TEST(to_string(box.add("a", 1).status) == "accepted");
  BOOST_TEST(box.eventually([&] { return box.state_of("/log/snapshots")["failed"] == 3; }));
  BOOST_TEST((box.state_of("/log/snapshots")["lastFailure"] == "the disk is full"));
}

BOOST_AUTO_TEST_CASE(a_crash_between_append_and_save_loses_nothing_but_time) {
  node_in_a_box box(every(1));
  std::atomic<int> crashes = 0;
  box.log.before_snapshot = [&](const snapshot&) -> result<void> {
    if (++crashes <= 2) throw std::runtime_error("planted crash");
    return {};
  };
  for (int i = 0; i < 3; ++i) BOOST_TEST(to_string(box.add("a", 1).status) == "accepted");
  box.start();
  BOOST_TEST(to_string(box.run(box.make("a", "Confirm", {{"at", 3}})).status) == "accepted");
  // The next one may meet the writer while it restarts.
  BOOST_TEST(box.eventually([&] {
    box.add("a", 1);
    return snapshot_of(box, "a").has_value();
  }));
}

BOOST_AUTO_TEST_CASE(a_slow_disk_makes_snapshots_fewer_and_no_queue_longer) {
  node_in_a_box box(every(1));
  std::promise<void> gate;
  const auto opened = gate.get_future().share();
  box.log.before_snapshot = [opened](const snapshot&) {
    opened.wait();
    return result<void>();
  };
  for (int i = 0; i < 200; ++i) {
    BOOST_TEST_REQUIRE(to_string(box.add("e" + std::to_string(i), 1).status) == "accepted");
  }
  // A snapshot is offered behind the answer to its command, and before its handler tells of itself.
  for (int i = 0; i < 200; ++i) {
    const auto path = "/features/counting/command-handlers/e" + std::to_string(i);
    BOOST_TEST_REQUIRE(box.eventually([&] { return !box.state_of(path).is_null(); }));
  }
  gate.set_value();
  BOOST_TEST(box.eventually([&] { return box.state_of("/log/snapshots")["waiting"] == 0; }));
  const auto state = box.state_of("/log/snapshots");
  BOOST_TEST(state["saved"].get<int>() <= state["maxWaiting"].get<int>());
  BOOST_TEST(state["saved"].get<int>() + state["skipped"].get<int>() == 200);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE(inspection)

BOOST_AUTO_TEST_CASE(actors_are_listed_by_path_in_pages) {
  node_in_a_box box;
  for (int i = 0; i < 10; ++i) box.add("e" + std::to_string(i), 1);
  std::vector<std::string> paths;
  for (std::string after;;) {
    const auto page = box.actors->actors("", "", after, 4);
    if (page.empty()) break;
    for (const auto& one : page) paths.push_back(one.path);
    after = paths.back();
  }
  BOOST_TEST(std::ranges::is_sorted(paths));
  BOOST_TEST((std::set(paths.begin(), paths.end()).size() == paths.size()));
  BOOST_TEST(paths.size() == box.actors->actor_count(""));
  const auto some =
      box.actors->actors("command-handler", "/features/counting/command-handlers/e", "", 100);
  BOOST_TEST(some.size() == 10U);
}

BOOST_AUTO_TEST_CASE(a_handler_shows_its_state) {
  node_in_a_box box;
  box.add("a", 42);
  const auto seen = box.actors->actor("/features/counting/command-handlers/a");
  BOOST_REQUIRE(seen);
  BOOST_TEST(seen->second["state"]["total"] == 42);
  BOOST_TEST(seen->first.kind == "command-handler");
  BOOST_TEST(!box.actors->actor("/features/counting/command-handlers/nobody"));
}

BOOST_AUTO_TEST_CASE(a_restarted_handler_loads_what_the_log_says) {
  node_in_a_box box;
  box.add("a", 42);
  BOOST_REQUIRE(box.actors->restart("/features/counting/command-handlers/a"));
  BOOST_TEST(to_string(box.run(box.make("a", "Confirm", {{"at", 42}})).status) == "accepted");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe::host
