#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/core/clock.hpp"
#include "runtime/core/event_log.hpp"
#include "test/contract/contract.hpp"

/// What every event log promises. A new adapter's test is one line:
///
///     const bool ok = troupe::contract::event_log_contract("my_log", [] { return
///     std::make_unique<my_log_subject>(); });
namespace troupe::contract {

/// A log under test, empty at first. A JetStream log may live on a shared broker: nothing here
/// counts on particular positions or on holding all categories.
class log_subject {
 public:
  virtual ~log_subject() = default;
  virtual event_log& log() = 0;
  /// Ends the log and opens it again on the same data; does nothing where data ends with the
  /// object.
  virtual void reopen() = 0;
};

namespace log_checks {

inline timestamp at(std::int64_t seconds) {
  return timestamp(std::chrono::seconds(1'700'000'000 + seconds));
}

inline commit a_commit(const std::string& id, version_t first, const std::string& command,
                       std::uint32_t events = 1) {
  commit made;
  made.stream = {"identity", id};
  made.first_version = first;
  made.event_count = events;
  made.command_id = command;
  made.digest = digest_of(command) | (std::uint64_t{1} << 63U);
  made.time = at(static_cast<std::int64_t>(first));
  std::vector<envelope> envelopes;
  for (std::uint32_t i = 0; i < events; ++i) {
    envelopes.push_back({command + "-" + std::to_string(i),
                         "UserModified",
                         {{"traceId", "t"}, {"userId", "u"}},
                         {{"firstName", "Zoë"}, {"n", i}}});
  }
  made.body = encode_body(envelopes);
  return made;
}

inline commit in(commit made, const std::string& category) {
  made.stream.category = category;
  return made;
}

inline std::vector<append_result> append(event_log& log, std::vector<append_request> requests,
                                         const std::vector<kept_outcome>& outcomes = {}) {
  auto results = log.append(requests, outcomes);
  BOOST_TEST_REQUIRE(results.size() == requests.size() + outcomes.size());
  return results;
}

/// Appends one request that must be stored; its positions.
inline std::vector<position_t> store(event_log& log, std::vector<commit> commits) {
  const auto count = commits.size();
  auto results = append(log, {{std::move(commits)}});
  if (results[0].failure) BOOST_FAIL(results[0].failure->message);
  BOOST_TEST_REQUIRE(results[0].positions.size() == count);
  return results[0].positions;
}

/// Appends one request of which nothing may be stored; why.
inline errc refused(event_log& log, commit wanted) {
  auto results = append(log, {{{std::move(wanted)}}});
  BOOST_TEST_REQUIRE(results[0].positions.empty());
  BOOST_TEST_REQUIRE(results[0].failure.has_value());
  return results[0].failure->code;
}

inline std::vector<recorded_commit> stream(event_log& log, const std::string& id,
                                           version_t from = 1, std::size_t limit = 1000) {
  return must(log.read_stream({"identity", id}, from, limit));
}

inline std::vector<recorded_commit> category(event_log& log, const std::string& name = "identity",
                                             position_t from = 1, std::size_t limit = 1000) {
  return must(log.read_category(name, from, limit));
}

inline kept_outcome an_outcome(const std::string& command, const std::string& detail,
                               timestamp time = at(0)) {
  kept_outcome kept;
  kept.command_id = command;
  kept.digest = ~digest_of(detail);
  kept.time = time;
  auto& outcome = kept.outcome;
  outcome.status = outcome_status::rejected;
  outcome.stream = {"identity", "7"};
  outcome.command_id = command;
  outcome.version = 3;
  outcome.position = 9;
  outcome.events = {{"e-1", "UserAdded", 3}};
  outcome.code = "account-locked";
  outcome.detail = detail;
  outcome.fields = {{"/firstName", "is too long"}};
  outcome.retry_after = 2;
  return kept;
}

inline void an_unknown_entity_category_or_command_has_nothing(log_subject& subject) {
  auto& log = subject.log();
  store(log, {a_commit("7", 1, "c1")});
  BOOST_TEST(stream(log, "8").empty());
  BOOST_TEST(must(log.read_stream({"nowhere", "7"}, 1, 10)).empty());
  BOOST_TEST(category(log, "nowhere").empty());
  BOOST_TEST(must(log.head("nowhere")) == 0U);
  BOOST_TEST(!must(log.find_command("c2")).has_value());
  BOOST_TEST(!must(log.find_outcome("c1")).has_value());
  BOOST_TEST(!must(log.load_snapshot({"identity", "7"})).has_value());
}

inline void a_commit_is_read_back_as_it_was_stored(log_subject& subject) {
  auto& log = subject.log();
  const auto first = a_commit("7", 1, "c1", 3);
  const auto position = store(log, {first}).front();
  BOOST_TEST(position > 0U);
  const recorded_commit recorded{first, position};
  BOOST_TEST((stream(log, "7") == std::vector{recorded}));
  BOOST_TEST((category(log) == std::vector{recorded}));
  BOOST_TEST((must(log.find_command("c1")) == std::optional(recorded)));
  BOOST_TEST(must(log.head("identity")) == position);
  BOOST_TEST(must(decode(stream(log, "7").front())).size() == 3U);
}

inline void a_stale_expected_version_is_a_conflict_and_stores_nothing(log_subject& subject) {
  auto& log = subject.log();
  store(log, {a_commit("7", 1, "c1", 2)});
  const auto before = category(log);
  BOOST_TEST((refused(log, a_commit("7", 1, "c2")) == errc::conflict));
  BOOST_TEST((refused(log, a_commit("7", 2, "c3")) == errc::conflict));
  BOOST_TEST((category(log) == before));
  BOOST_TEST(!must(log.find_command("c2")).has_value());
  BOOST_TEST((stream(log, "7") == before));
}

inline void a_version_ahead_of_the_entity_is_a_conflict(log_subject& subject) {
  auto& log = subject.log();
  BOOST_TEST((refused(log, a_commit("7", 2, "c1")) == errc::conflict));
  store(log, {a_commit("7", 1, "c2")});
  BOOST_TEST((refused(log, a_commit("7", 3, "c3")) == errc::conflict));
  BOOST_TEST(stream(log, "7").size() == 1U);
}

inline void of_two_writers_at_the_same_version_one_wins(log_subject& subject) {
  auto& log = subject.log();
  store(log, {a_commit("7", 1, "c1")});
  store(log, {a_commit("7", 2, "winner")});
  BOOST_TEST((refused(log, a_commit("7", 2, "loser")) == errc::conflict));
  // The loser goes on from what it has read.
  store(log, {a_commit("7", 3, "loser")});
  BOOST_TEST(stream(log, "7").back().data.command_id == "loser");
}

inline void requests_of_one_batch_are_judged_in_their_order(log_subject& subject) {
  auto& log = subject.log();
  const auto results = append(
      log, {{{a_commit("7", 1, "c1")}}, {{a_commit("7", 1, "c2")}}, {{a_commit("7", 2, "c3")}}});
  BOOST_TEST(results[0].positions.size() == 1U);
  BOOST_TEST_REQUIRE(results[1].failure.has_value());
  BOOST_TEST((results[1].failure->code == errc::conflict));
  BOOST_TEST(results[2].positions.size() == 1U);
  BOOST_TEST(stream(log, "7").size() == 2U);
}

inline void a_lost_request_does_not_disturb_the_others_of_its_batch(log_subject& subject) {
  auto& log = subject.log();
  const auto results = append(
      log, {{{a_commit("7", 1, "c1")}}, {{a_commit("8", 5, "c2")}}, {{a_commit("9", 1, "c3")}}});
  BOOST_TEST(!results[0].failure.has_value());
  BOOST_TEST(results[1].failure.has_value());
  BOOST_TEST(!results[2].failure.has_value());
  BOOST_TEST(category(log).size() == 2U);
  BOOST_TEST(stream(log, "8").empty());
}

inline void a_request_is_stored_up_to_its_first_refused_commit(log_subject& subject) {
  auto& log = subject.log();
  store(log, {a_commit("8", 1, "used")});
  const auto results = append(log, {{{a_commit("7", 1, "c1"), a_commit("7", 2, "c2", 2),
                                      a_commit("7", 4, "used"), a_commit("7", 5, "c4")}}});
  BOOST_TEST(results[0].positions.size() == 2U);
  BOOST_TEST_REQUIRE(results[0].failure.has_value());
  BOOST_TEST((results[0].failure->code == errc::duplicate));
  const auto stored = stream(log, "7");
  BOOST_TEST_REQUIRE(stored.size() == 2U);
  BOOST_TEST(stored.back().data.last_version() == 3U);
  BOOST_TEST(stored.front().position == results[0].positions[0]);
  BOOST_TEST(stored.back().position == results[0].positions[1]);
  BOOST_TEST(!must(log.find_command("c4")).has_value());
}

inline void a_command_is_stored_once(log_subject& subject) {
  auto& log = subject.log();
  store(log, {a_commit("7", 1, "c1")});
  BOOST_TEST((refused(log, a_commit("7", 2, "c1")) == errc::duplicate));
  BOOST_TEST((refused(log, a_commit("8", 1, "c1")) == errc::duplicate));
  const auto results = append(log, {{{a_commit("8", 1, "c2")}}, {{a_commit("9", 1, "c2")}}});
  BOOST_TEST(!results[0].failure.has_value());
  BOOST_TEST_REQUIRE(results[1].failure.has_value());
  BOOST_TEST((results[1].failure->code == errc::duplicate));
  BOOST_TEST(stream(log, "9").empty());
  subject.reopen();
  BOOST_TEST((refused(subject.log(), a_commit("9", 1, "c1")) == errc::duplicate));
  BOOST_TEST(category(subject.log()).size() == 2U);
}

inline void a_repeated_command_is_a_duplicate_even_when_its_version_is_stale(log_subject& subject) {
  auto& log = subject.log();
  store(log, {a_commit("7", 1, "c1")});
  store(log, {a_commit("7", 2, "c2")});
  BOOST_TEST((refused(log, a_commit("7", 1, "c1")) == errc::duplicate));
}

inline void commands_with_ids_that_a_node_made_are_found_and_stored_once(log_subject& subject) {
  system_clock time;
  uuid_source ids(time);
  std::vector<append_request> requests;
  constexpr int count = 40;
  for (int i = 0; i < count; ++i) {
    auto made = a_commit("e" + std::to_string(i), 1, ids.next());
    made.fresh_id = true;
    requests.push_back({{std::move(made)}});
  }
  append(subject.log(), requests);
  for (const bool reopened : {false, true}) {
    if (reopened) subject.reopen();
    for (const auto& request : requests) {
      const auto& one = request.commits.front();
      const auto found = must(subject.log().find_command(one.command_id));
      BOOST_TEST_REQUIRE(found.has_value());
      BOOST_TEST((found->data.stream == one.stream));
    }
    BOOST_TEST(!must(subject.log().find_command(ids.next())).has_value());
    // Somebody has been told the id and uses it again, for the same entity or another.
    const auto& known = requests.front().commits.front();
    BOOST_TEST((refused(subject.log(), a_commit("e0", 2, known.command_id)) == errc::duplicate));
    BOOST_TEST((refused(subject.log(), a_commit("other", 1, known.command_id)) == errc::duplicate));
  }
  BOOST_TEST(category(subject.log()).size() == std::size_t{count});
}

inline void a_command_with_a_kept_outcome_is_a_duplicate_where_its_id_was_given(
    log_subject& subject) {
  auto& log = subject.log();
  append(log, {}, {an_outcome("c1", "refused")});
  auto results = append(log, {{{a_commit("7", 1, "c1")}, true}});
  BOOST_TEST_REQUIRE(results[0].failure.has_value());
  BOOST_TEST((results[0].failure->code == errc::duplicate));
  // Also where the version is wrong, so that a repeated command learns of it at once.
  results = append(log, {{{a_commit("7", 5, "c1")}, true}});
  BOOST_TEST((results[0].failure->code == errc::duplicate));
  BOOST_TEST(stream(log, "7").empty());
  append(log, {{{a_commit("7", 1, "c2")}, true}});
  BOOST_TEST(stream(log, "7").size() == 1U);
}

inline void the_first_outcome_of_a_command_is_kept_and_another_is_a_duplicate(
    log_subject& subject) {
  auto& log = subject.log();
  const auto first = append(log, {{{a_commit("7", 1, "c2")}}}, {an_outcome("c1", "refused")});
  BOOST_TEST(!first[0].failure.has_value());
  BOOST_TEST(!first[1].failure.has_value());
  BOOST_TEST(first[1].positions.empty());
  const auto second = append(log, {}, {an_outcome("c3", "new"), an_outcome("c1", "other")});
  BOOST_TEST(!second[0].failure.has_value());
  BOOST_TEST_REQUIRE(second[1].failure.has_value());
  BOOST_TEST((second[1].failure->code == errc::duplicate));
  BOOST_TEST(must(log.find_outcome("c1"))->outcome.detail == "refused");
  BOOST_TEST(must(log.find_outcome("c3"))->outcome.detail == "new");
}

inline void a_request_without_events_is_refused(log_subject& subject) {
  auto& log = subject.log();
  auto hollow = a_commit("7", 1, "c1");
  hollow.event_count = 0;
  BOOST_TEST((refused(log, hollow) == errc::invalid));
  BOOST_TEST((refused(log, a_commit("7", 0, "c1")) == errc::invalid));
  const auto results = append(log, {{}, {{a_commit("7", 1, "c1")}}});
  BOOST_TEST_REQUIRE(results[0].failure.has_value());
  BOOST_TEST((results[0].failure->code == errc::invalid));
  BOOST_TEST(!results[1].failure.has_value());
}

inline void appending_nothing_is_fine(log_subject& subject) {
  BOOST_TEST(append(subject.log(), {}).empty());
}

inline void positions_rise_within_a_category(log_subject& subject) {
  auto& log = subject.log();
  std::vector<position_t> given;
  for (int i = 0; i < 20; ++i) {
    const auto id = std::to_string(i);
    const auto results =
        append(log, {{{a_commit("a" + id, 1, "a" + id)}},
                     {{in(a_commit("x", static_cast<version_t>(i) + 1, "x" + id), "other")}},
                     {{a_commit("b" + id, 1, "b" + id), a_commit("b" + id, 2, "bb" + id)}}});
    for (const auto* one : {&results[0], &results[2]}) {
      given.insert(given.end(), one->positions.begin(), one->positions.end());
    }
  }
  BOOST_TEST(given.size() == 60U);
  BOOST_TEST((std::ranges::adjacent_find(given, std::greater_equal<>()) == given.end()));
  std::vector<position_t> read;
  for (const auto& one : category(log)) read.push_back(one.position);
  BOOST_TEST(read == given, boost::test_tools::per_element());
}

inline void versions_have_no_holes(log_subject& subject) {
  auto& log = subject.log();
  version_t next = 1;
  for (std::uint32_t i = 0; i < 12; ++i) {
    const auto events = i % 4 + 1;
    store(log, {a_commit("7", next, "c" + std::to_string(i), events)});
    next += events;
  }
  version_t expected = 1;
  for (const auto& one : stream(log, "7")) {
    for (const auto& event : must(decode(one))) BOOST_TEST(event.version == expected++);
  }
  BOOST_TEST(expected == next);
}

inline void an_entity_is_read_from_a_version_in_whole_commits(log_subject& subject) {
  auto& log = subject.log();
  store(log, {a_commit("7", 1, "c1", 2), a_commit("7", 3, "c2", 3), a_commit("7", 6, "c3")});
  const auto first = [&](version_t from, std::size_t limit = 10) {
    const auto read = stream(log, "7", from, limit);
    return std::pair(read.empty() ? version_t{0} : read.front().data.first_version, read.size());
  };
  BOOST_TEST((first(0) == std::pair(version_t{1}, std::size_t{3})));
  BOOST_TEST((first(2) == std::pair(version_t{1}, std::size_t{3})));
  BOOST_TEST((first(3) == std::pair(version_t{3}, std::size_t{2})));
  BOOST_TEST((first(5) == std::pair(version_t{3}, std::size_t{2})));
  BOOST_TEST((first(6) == std::pair(version_t{6}, std::size_t{1})));
  BOOST_TEST((first(7) == std::pair(version_t{0}, std::size_t{0})));
  BOOST_TEST((first(~version_t{0}) == std::pair(version_t{0}, std::size_t{0})));
  BOOST_TEST((first(1, 2) == std::pair(version_t{1}, std::size_t{2})));
  BOOST_TEST((first(4, 1) == std::pair(version_t{3}, std::size_t{1})));
  BOOST_TEST((first(1, 0) == std::pair(version_t{0}, std::size_t{0})));
}

inline void a_category_is_read_page_by_page(log_subject& subject) {
  auto& log = subject.log();
  for (int i = 0; i < 25; ++i) {
    store(log, {a_commit("e" + std::to_string(i % 4), static_cast<version_t>(i / 4) + 1,
                         "c" + std::to_string(i))});
  }
  std::vector<std::string> commands;
  position_t from = 0;
  for (;;) {
    const auto page = category(log, "identity", from, 4);
    BOOST_TEST(page.size() <= 4U);
    for (const auto& one : page) commands.push_back(one.data.command_id);
    if (page.empty()) break;
    from = page.back().position + 1;
  }
  BOOST_TEST_REQUIRE(commands.size() == 25U);
  for (int i = 0; i < 25; ++i)
    BOOST_TEST(commands[static_cast<std::size_t>(i)] == "c" + std::to_string(i));
  BOOST_TEST(category(log, "identity", must(log.head("identity")), 10).size() == 1U);
  BOOST_TEST(category(log, "identity", must(log.head("identity")) + 1, 10).empty());
  BOOST_TEST(category(log, "identity", ~position_t{0}, 10).empty());
  BOOST_TEST(category(log, "identity", 1, 0).empty());
}

inline void entities_and_categories_with_similar_names_are_apart(log_subject& subject) {
  auto& log = subject.log();
  const std::vector<stream_id> names = {{"user", "a_b"}, {"user", "aXb"}, {"users", "a_b"},
                                        {"user_s", "a"}, {"userXs", "a"}, {"user", "a_b_"},
                                        {"user", "A_B"}, {"user", "a"},   {"user-", "a"}};
  int made = 0;
  for (version_t version = 1; version <= 2; ++version) {
    for (const auto& name : names) {
      auto one = a_commit(name.id, version, "c" + std::to_string(made++));
      one.stream = name;
      store(log, {one});
    }
  }
  for (const auto& name : names) {
    const auto read = must(log.read_stream(name, 1, 100));
    BOOST_TEST(read.size() == 2U, name.name());
    for (const auto& one : read) BOOST_TEST((one.data.stream == name));
  }
  BOOST_TEST(category(log, "user").size() == 10U);
  BOOST_TEST(category(log, "users").size() == 2U);
  BOOST_TEST(category(log, "user_s").size() == 2U);
  BOOST_TEST(must(log.head("user_")) == 0U);
  BOOST_TEST(category(log, "use").empty());
}

inline void the_longest_names_are_stored(log_subject& subject) {
  auto& log = subject.log();
  auto longest = a_commit(std::string(128, 'i'), 1, std::string(128, '~'));
  longest.stream.category = std::string(64, 'c');
  const auto position = store(log, {longest}).front();
  BOOST_TEST((must(log.read_stream(longest.stream, 1, 1)) ==
              std::vector{recorded_commit{longest, position}}));
  BOOST_TEST((must(log.find_command(longest.command_id)) ==
              std::optional(recorded_commit{longest, position})));
}

inline void text_of_every_script_survives(log_subject& subject) {
  auto& log = subject.log();
  auto one = a_commit("7", 1, "c1");
  const envelope event{
      "e",
      "T",
      json::object(),
      {{"text",
        "Zoë, Ωμέγα, 名前, 👩‍🚀, \"quoted\" \\ \n \t \x01 '); DROP TABLE "
        "commits; --"}}};
  one.body = encode_body(std::vector{event});
  store(log, {one});
  subject.reopen();
  const auto read = stream(subject.log(), "7");
  BOOST_TEST(read.front().data.body == one.body);
  BOOST_TEST((must(decode(read.front())).front().event == event));
}

inline void a_body_of_one_mebibyte_is_stored(log_subject& subject) {
  auto& log = subject.log();
  auto large = a_commit("7", 1, "c1");
  std::string text((std::size_t{1} << 20U) - 200, 'x');
  for (std::size_t i = 0; i < text.size(); i += 7) text[i] = static_cast<char>('a' + i % 26);
  large.body = encode_body(std::vector{envelope{"e", "T", json::object(), {{"text", text}}}});
  store(log, {a_commit("6", 1, "c0")});
  store(log, {large});
  store(log, {a_commit("8", 1, "c2")});
  subject.reopen();
  BOOST_TEST((stream(subject.log(), "7").front().data.body == large.body));
  BOOST_TEST(category(subject.log()).size() == 3U);
}

inline void what_was_stored_is_there_after_reopening(log_subject& subject) {
  store(subject.log(), {a_commit("7", 1, "c1", 2), a_commit("7", 3, "c2")});
  store(subject.log(), {a_commit("8", 1, "c3")});
  const auto before = category(subject.log());
  const auto head = must(subject.log().head("identity"));
  subject.reopen();
  auto& log = subject.log();
  BOOST_TEST((category(log) == before));
  BOOST_TEST(must(log.head("identity")) == head);
  BOOST_TEST((must(log.find_command("c2")) == std::optional(before[1])));
  BOOST_TEST((refused(log, a_commit("7", 3, "c4")) == errc::conflict));
  BOOST_TEST(store(log, {a_commit("7", 4, "c5")}).front() > head);
}

inline void the_first_outcome_of_a_command_wins(log_subject& subject) {
  const auto first = an_outcome("c1", "first");
  append(subject.log(), {}, {first, an_outcome("c1", "second in the batch")});
  append(subject.log(), {{{a_commit("7", 1, "c9")}}},
         {an_outcome("c1", "third"), an_outcome("c2", "Zoë")});
  for (int round = 0; round < 2; ++round) {
    const auto found = must(subject.log().find_outcome("c1"));
    BOOST_TEST_REQUIRE(found.has_value());
    BOOST_TEST((found->outcome == first.outcome));
    BOOST_TEST(found->digest == first.digest);
    BOOST_TEST((found->time == first.time));
    BOOST_TEST(must(subject.log().find_outcome("c2"))->outcome.detail == "Zoë");
    subject.reopen();
  }
  BOOST_TEST(!must(subject.log().find_command("c1")).has_value());
  BOOST_TEST(category(subject.log()).size() == 1U);
}

inline void an_outcome_is_kept_for_a_day(log_subject& subject) {
  auto& log = subject.log();
  append(log, {}, {an_outcome("c1", "kept", at(0))});
  for (int i = 0; i < 3; ++i) must(log.maintain(at(24 * 3600 - 1)));
  BOOST_TEST(must(log.find_outcome("c1")).has_value());
}

inline snapshot a_snapshot(version_t version, position_t position, json state) {
  return {{"identity", "7"}, version, position, "user-1", std::move(state)};
}

inline void the_newest_snapshot_wins(log_subject& subject) {
  auto& log = subject.log();
  const auto positions =
      store(log, {a_commit("7", 1, "c1"), a_commit("7", 2, "c2", 2), a_commit("7", 4, "c3")});
  must(log.save_snapshot(
      a_snapshot(3, positions[1], {{"name", "Zoë"}, {"list", {1, 2.5, nullptr}}})));
  must(log.save_snapshot(a_snapshot(1, positions[0], {{"name", "older"}})));
  auto found = must(log.load_snapshot({"identity", "7"}));
  BOOST_TEST_REQUIRE(found.has_value());
  BOOST_TEST((found->stream == stream_id{"identity", "7"}));
  BOOST_TEST(found->version == 3U);
  BOOST_TEST(found->position == positions[1]);
  BOOST_TEST(found->schema == "user-1");
  BOOST_TEST((found->state == json{{"name", "Zoë"}, {"list", {1, 2.5, nullptr}}}));
  auto remade = a_snapshot(3, positions[1], "another shape");
  remade.schema = "user-2";
  must(log.save_snapshot(remade));
  BOOST_TEST(must(log.load_snapshot({"identity", "7"}))->schema == "user-2");
  must(log.save_snapshot(a_snapshot(4, positions[2], {{"name", "newer"}})));
  BOOST_TEST(must(log.load_snapshot({"identity", "7"}))->version == 4U);
  BOOST_TEST(!must(log.load_snapshot({"identity", "8"})).has_value());
  BOOST_TEST(!must(log.load_snapshot({"other", "7"})).has_value());
}

inline void a_load_begins_with_the_snapshot_and_the_commits_from_it_on(log_subject& subject) {
  const stream_id entity{"identity", "7"};
  const auto begun = [&](std::size_t limit = 100) {
    return must(subject.log().start_load(entity, limit));
  };
  BOOST_TEST(!begun().saved.has_value());
  BOOST_TEST(begun().commits.empty());

  constexpr version_t last = 12;
  std::vector<commit> commits;
  for (version_t version = 1; version <= last; ++version)
    commits.push_back(a_commit("7", version, "c" + std::to_string(version)));
  const auto positions = store(subject.log(), commits);
  BOOST_TEST(!begun().saved.has_value());
  BOOST_TEST(begun().commits.size() == last);
  BOOST_TEST(begun(3).commits.size() == 3U);
  BOOST_TEST(begun(3).commits.front().data.first_version == 1U);

  for (const version_t version : {2, 9, 12}) {  // Newer ones replace older ones.
    must(subject.log().save_snapshot(a_snapshot(version, positions[version - 1], "state")));
    subject.reopen();
    const auto from = must(subject.log().start_load(entity, 100));
    BOOST_TEST_REQUIRE(from.saved.has_value());
    BOOST_TEST(from.saved->version == version);
    BOOST_TEST_REQUIRE(from.commits.size() == last - version + 1);
    BOOST_TEST(from.commits.front().position == positions[version - 1]);
    BOOST_TEST(from.commits.back().position == positions.back());
  }
}

inline void a_snapshot_of_another_history_does_not_fit_what_a_load_begins_with(
    log_subject& subject) {
  const stream_id entity{"identity", "7"};
  std::vector<commit> commits;
  for (version_t version = 1; version <= 9; ++version)
    commits.push_back(a_commit("7", version, "c" + std::to_string(version)));
  store(subject.log(), {a_commit("8", 1, "other")});
  const auto positions = store(subject.log(), commits);
  // At another commit's place, at nobody's, behind the end of the entity, behind that of the log.
  for (const auto& [version, position] : std::vector<std::pair<version_t, position_t>>{
           {2, positions[3]}, {3, 1}, {20, positions[8]}, {30, positions[8] + 50}}) {
    must(subject.log().save_snapshot(a_snapshot(version, position, "state")));
    const auto begun = must(subject.log().start_load(entity, 100));
    const bool fits = begun.saved && !begun.commits.empty() &&
                      begun.commits.front().position == begun.saved->position &&
                      begun.commits.front().data.first_version == begun.saved->version;
    BOOST_TEST(!fits);
  }
}

/// Readers follow the category while it grows; what they have passed must never change.
inline void nothing_ever_appears_below_a_position_that_a_reader_has_seen(log_subject& subject) {
  auto& log = subject.log();
  constexpr int batches = 60;
  std::atomic<bool> done = false;
  std::vector<std::vector<recorded_commit>> seen(3);
  std::vector<std::thread> readers;
  for (auto& mine : seen) {
    readers.emplace_back([&log, &done, &mine] {
      position_t from = 1;
      for (bool last = false;;) {
        auto page = log.read_category("identity", from, 7);
        if (!page) return;
        for (auto& one : *page) mine.push_back(std::move(one));
        if (!mine.empty()) from = mine.back().position + 1;
        if (last && page->empty()) return;
        if (page->empty()) last = done;
      }
    });
  }
  for (int i = 0; i < batches; ++i) {
    std::vector<append_request> requests;
    for (int j = 0; j < 5; ++j) {
      const auto name = std::to_string(i) + "-" + std::to_string(j);
      requests.push_back({{a_commit(name, 1, name), a_commit(name, 2, name + "b", 2)}});
    }
    append(log, requests);
  }
  done = true;
  for (auto& reader : readers) reader.join();
  const auto all = category(log);
  BOOST_TEST(all.size() == batches * 10U);
  for (const auto& mine : seen) BOOST_TEST((mine == all));
}

/// Everything may be called while another thread appends.
inline void reading_goes_on_while_the_log_is_written_and_maintained(log_subject& subject) {
  auto& log = subject.log();
  store(log, {a_commit("known", 1, "known")});
  std::atomic<bool> done = false;
  std::atomic<int> failures = 0;
  std::vector<std::thread> others;
  const auto repeatedly = [&](auto work) {
    others.emplace_back([&done, &failures, work] {
      do {
        if (!work()) ++failures;
      } while (!done);
    });
  };
  repeatedly([&] {
    return log.find_command("known").has_value() && log.find_outcome("none").has_value();
  });
  repeatedly([&] {
    const auto read = log.read_stream({"identity", "known"}, 1, 10);
    return read && !read->empty() && log.head("identity").has_value();
  });
  repeatedly([&] {
    return log.save_snapshot({{"identity", "known"}, 1, 1, "s", 1}).has_value() &&
           log.load_snapshot({"identity", "known"}).has_value();
  });
  repeatedly([&] { return log.maintain(at(0)).has_value(); });
  for (int i = 0; i < 100; ++i) store(log, {a_commit(std::to_string(i), 1, std::to_string(i))});
  done = true;
  for (auto& other : others) other.join();
  BOOST_TEST(failures == 0);
}

}  // namespace log_checks

/// Registers the whole contract under the adapter's name. `make` gives a `std::unique_ptr` of a
/// `log_subject`.
template <class Make>
bool event_log_contract(const char* adapter, const Make& make) {
  using namespace log_checks;
#define TROUPE_PROMISE(sentence) \
  { #sentence, sentence }
  return instantiate<log_subject>(
      adapter, make,
      {
          TROUPE_PROMISE(an_unknown_entity_category_or_command_has_nothing),
          TROUPE_PROMISE(a_commit_is_read_back_as_it_was_stored),
          TROUPE_PROMISE(a_stale_expected_version_is_a_conflict_and_stores_nothing),
          TROUPE_PROMISE(a_version_ahead_of_the_entity_is_a_conflict),
          TROUPE_PROMISE(of_two_writers_at_the_same_version_one_wins),
          TROUPE_PROMISE(requests_of_one_batch_are_judged_in_their_order),
          TROUPE_PROMISE(a_lost_request_does_not_disturb_the_others_of_its_batch),
          TROUPE_PROMISE(a_request_is_stored_up_to_its_first_refused_commit),
          TROUPE_PROMISE(a_command_is_stored_once),
          TROUPE_PROMISE(a_repeated_command_is_a_duplicate_even_when_its_version_is_stale),
          TROUPE_PROMISE(commands_with_ids_that_a_node_made_are_found_and_stored_once),
          TROUPE_PROMISE(a_command_with_a_kept_outcome_is_a_duplicate_where_its_id_was_given),
          TROUPE_PROMISE(the_first_outcome_of_a_command_is_kept_and_another_is_a_duplicate),
          TROUPE_PROMISE(a_request_without_events_is_refused),
          TROUPE_PROMISE(appending_nothing_is_fine),
          TROUPE_PROMISE(positions_rise_within_a_category),
          TROUPE_PROMISE(versions_have_no_holes),
          TROUPE_PROMISE(an_entity_is_read_from_a_version_in_whole_commits),
          TROUPE_PROMISE(a_category_is_read_page_by_page),
          TROUPE_PROMISE(entities_and_categories_with_similar_names_are_apart),
          TROUPE_PROMISE(the_longest_names_are_stored),
          TROUPE_PROMISE(text_of_every_script_survives),
          TROUPE_PROMISE(a_body_of_one_mebibyte_is_stored),
          TROUPE_PROMISE(what_was_stored_is_there_after_reopening),
          TROUPE_PROMISE(the_first_outcome_of_a_command_wins),
          TROUPE_PROMISE(an_outcome_is_kept_for_a_day),
          TROUPE_PROMISE(the_newest_snapshot_wins),
          TROUPE_PROMISE(a_load_begins_with_the_snapshot_and_the_commits_from_it_on),
          TROUPE_PROMISE(a_snapshot_of_another_history_does_not_fit_what_a_load_begins_with),
          TROUPE_PROMISE(nothing_ever_appears_below_a_position_that_a_reader_has_seen),
          TROUPE_PROMISE(reading_goes_on_while_the_log_is_written_and_maintained),
      });
#undef TROUPE_PROMISE
}

}  // namespace troupe::contract
