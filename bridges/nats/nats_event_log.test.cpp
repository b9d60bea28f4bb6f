// What is JetStream's own: the rest is in test/contract.
#include "bridges/nats/nats_event_log.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "bridges/nats/command_key.hpp"
#include "bridges/nats/publish_reply.hpp"
#include "runtime/core/clock.hpp"
#include "runtime/core/made_id.hpp"
#include "test/contract/contract.hpp"
#include "test/contract/nats_server.hpp"

namespace troupe::nats {
namespace {

using contract::must;
using contract::nats_server;

constexpr auto long_enough = std::chrono::seconds(60);

commit a_commit(const std::string& id, version_t first, const std::string& command) {
  commit made;
  made.stream = {"identity", id};
  made.first_version = first;
  made.command_id = command;
  made.body = encode_body(std::vector{envelope{command, "UserModified", json::object(), {}}});
  made.time = timestamp(std::chrono::seconds(1'700'000'000));
  return made;
}

append_result append(event_log& log, std::vector<commit> commits) {
  const append_request request{std::move(commits)};
  return log.append({&request, 1}, {}).front();
}

void store(event_log& log, std::vector<commit> commits) {
  const auto stored = append(log, std::move(commits));
  if (stored.failure) BOOST_FAIL(stored.failure->message);
}

std::optional<errc> failure_of(const append_result& appended) {
  return appended.failure ? std::optional(appended.failure->code) : std::nullopt;
}

/// A broker and connections to it that lose patience quickly.
struct fixture {
  nats_server server;
  connection_options where = [this] {
    connection_options options;
    options.urls = {server.url()};
    options.answer_timeout = std::chrono::milliseconds(300);
    options.patience = std::chrono::milliseconds(1'000);
    return options;
  }();

  [[nodiscard]] std::shared_ptr<connection> connect() const {
    // The probe is not what is tested here: under load it may need longer.
    return must(connection::open(where));
  }
  [[nodiscard]] std::unique_ptr<event_log> open() const { return must(open_event_log(connect())); }

  void publish(const std::string& subject, const std::string& body) const {
    const auto broker = connect();
    auto window = must(request_window::open(broker));
    const auto reply = read_publish_reply(window->exchange(
        outgoing{subject, body, {}}, std::chrono::steady_clock::now() + long_enough));
    BOOST_TEST_REQUIRE((reply.what == publish_reply::verdict::stored));
  }

  [[nodiscard]] std::uint64_t last_sequence_of(const char* stream) const {
    const auto broker = connect();
    jsStreamInfo* found = nullptr;
    BOOST_TEST_REQUIRE(js_GetStreamInfo(&found, broker->jetstream(), stream, nullptr, nullptr) ==
                       NATS_OK);
    const std::unique_ptr<jsStreamInfo, destroys<jsStreamInfo_Destroy>> info(found);
    return info->State.LastSeq;
  }

  /// Tries until the log answers at all.
  template <class Ask>
  auto eventually(Ask ask) const {
    const auto deadline = std::chrono::steady_clock::now() + long_enough;
    for (;;) {
      auto answer = ask();
      if (answer || std::chrono::steady_clock::now() > deadline) return must(std::move(answer));
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
};

BOOST_FIXTURE_TEST_SUITE(nats_event_log, fixture)

BOOST_AUTO_TEST_CASE(a_commit_that_the_broker_stores_late_is_reported_stored) {
  where.patience = long_enough;
  const auto log = open();
  store(*log, {a_commit("7", 1, "c1")});
  server.pause();
  auto appended =
      std::async(std::launch::async, [&] { return append(*log, {a_commit("7", 2, "c2")}); });
  BOOST_TEST((appended.wait_for(where.answer_timeout * 2) == std::future_status::timeout));
  server.resume();
  const auto stored = appended.get();
  BOOST_TEST(!stored.failure.has_value());
  const auto read = eventually([&] { return log->read_stream({"identity", "7"}, 1, 10); });
  BOOST_TEST_REQUIRE(read.size() == 2U);
  BOOST_TEST(read[1].position == stored.positions.front());
}

BOOST_AUTO_TEST_CASE(a_commit_in_doubt_cannot_be_looked_up_until_the_broker_has_settled_it) {
  const auto log = open();
  store(*log, {a_commit("7", 1, "c1")});
  auto doubtful = a_commit("7", 2, "c2");
  doubtful.fresh_id = true;  // Without a claim, which would fail first and leave no doubt.
  server.pause();
  BOOST_TEST((failure_of(append(*log, {doubtful})) == errc::in_doubt));
  BOOST_TEST((log->find_command("c2").error().code == errc::unavailable));
  BOOST_TEST((log->read_stream({"identity", "7"}, 1, 10).error().code == errc::unavailable));
  BOOST_TEST((failure_of(append(*log, {a_commit("8", 1, "c3")})) == errc::unavailable));
  server.resume();
  eventually([&] { return log->maintain({}); });
  const auto found = eventually([&] { return log->find_command("c2"); });
  BOOST_TEST_REQUIRE(found.has_value());
  const auto read = eventually([&] { return log->read_stream({"identity", "7"}, 1, 10); });
  BOOST_TEST(read.size() == 2U);
}

BOOST_AUTO_TEST_CASE(while_the_broker_is_away_nothing_is_stored_and_everybody_is_told_so) {
  const auto log = open();
  store(*log, {a_commit("7", 1, "c1")});
  server.kill();
  const auto deadline = std::chrono::steady_clock::now() + long_enough;
  while (log->head("identity") && std::chrono::steady_clock::now() < deadline) continue;
  BOOST_TEST((failure_of(append(*log, {a_commit("8", 1, "c2")})) == errc::unavailable));
  const auto head = log->head("identity");
  BOOST_TEST_REQUIRE(!head.has_value());
  BOOST_TEST(head.error().message.find("reconnecting") != std::string::npos, head.error().message);
  BOOST_TEST((log->read_category("identity", 5, 10).error().code == errc::unavailable));
  BOOST_TEST((log->find_outcome("c1").error().code == errc::unavailable));
  server.start();
  BOOST_TEST(eventually([&] { return log->head("identity"); }) == 1U);
  BOOST_TEST(eventually([&] { return log->read_stream({"identity", "8"}, 1, 10); }).empty());
  store(*log, {a_commit("8", 1, "c2")});
}

BOOST_AUTO_TEST_CASE(nodes_that_race_with_one_command_id_for_two_entities_store_it_once) {
  constexpr int rounds = 40;
  const auto one = open();
  const auto other = open();
  std::array<std::vector<append_result>, 2> results;
  const auto race = [&](event_log& log, std::size_t me) {
    for (int i = 0; i < rounds; ++i) {
      const auto id = (me == 0 ? "a" : "b") + std::to_string(i);
      results[me].push_back(append(log, {a_commit(id, 1, "command-" + std::to_string(i))}));
    }
  };
  std::thread second([&] { race(*other, 1); });
  race(*one, 0);
  second.join();
  for (std::size_t i = 0; i < rounds; ++i) {
    const auto stored = results[0][i].positions.size() + results[1][i].positions.size();
    BOOST_TEST(stored == 1U);
    for (const auto& mine : results) {
      const auto failed = failure_of(mine[i]);
      BOOST_TEST((!failed || *failed == errc::duplicate || *failed == errc::conflict));
    }
  }
  BOOST_TEST(must(one->read_category("identity", 1, 1000)).size() == rounds);
}

BOOST_AUTO_TEST_CASE(nodes_that_race_for_one_entity_make_one_history) {
  constexpr version_t rounds = 40;
  const auto one = open();
  const auto other = open();
  const auto race = [&](event_log& log, const std::string& me) {
    for (version_t i = 1; i <= rounds; ++i) append(log, {a_commit("7", i, me + std::to_string(i))});
  };
  std::thread second([&] { race(*other, "b"); });
  race(*one, "a");
  second.join();
  const auto read = must(one->read_stream({"identity", "7"}, 1, 1000));
  for (std::size_t i = 0; i < read.size(); ++i) BOOST_TEST(read[i].data.first_version == i + 1);
  BOOST_TEST((must(one->read_category("identity", 1, 1000)) == read));
  BOOST_TEST((must(other->read_stream({"identity", "7"}, 1, 1000)) == read));
}

BOOST_AUTO_TEST_CASE(a_claim_left_behind_by_a_node_that_died_holds_for_its_entity_alone) {
  const auto log = open();
  store(*log, {a_commit("7", 1, "c1")});
  publish("$KV.troupe_commands.dead", R"({"stream":"identity.8","after":0})");
  BOOST_TEST(!must(log->find_command("dead")).has_value());
  BOOST_TEST((failure_of(append(*log, {a_commit("9", 1, "dead")})) == errc::conflict));
  store(*log, {a_commit("8", 1, "dead")});
  BOOST_TEST(must(log->find_command("dead")).has_value());
}

BOOST_AUTO_TEST_CASE(a_claim_whose_place_was_taken_by_another_commit_is_taken_over) {
  const auto log = open();
  publish("$KV.troupe_commands.late", R"({"stream":"identity.7","after":0})");
  store(*log, {a_commit("7", 1, "winner")});
  store(*log, {a_commit("9", 1, "late")});
  BOOST_TEST((failure_of(append(*log, {a_commit("7", 2, "late")})) == errc::duplicate));
}

BOOST_AUTO_TEST_CASE(ids_that_a_node_made_are_written_down_together) {
  const auto log = open();
  system_clock time;
  uuid_source ids(time);
  std::vector<append_request> requests;
  constexpr std::size_t count = 600;
  for (std::size_t i = 0; i < count; ++i) {
    auto made = a_commit("e" + std::to_string(i), 1, ids.next());
    made.fresh_id = true;
    requests.push_back({{std::move(made)}});
  }
  for (const auto& stored : log->append(requests, {})) BOOST_TEST(!stored.failure.has_value());
  const auto messages = last_sequence_of("KV_troupe_commands");
  // One for each time and each full list.
  const auto times = (*made_at(requests.back().commits.front().command_id) -
                      *made_at(requests.front().commits.front().command_id)) /
                         32 +
                     2;
  BOOST_TEST(messages <= times + 1);
  BOOST_TEST(messages >= 2U);
  for (const auto& request : requests) {
    const auto& one = request.commits.front();
    BOOST_TEST_REQUIRE(must(log->find_command(one.command_id)).has_value());
  }
}

BOOST_AUTO_TEST_CASE(a_list_of_command_ids_that_cannot_be_read_is_said_to_be_corrupt) {
  const auto log = open();
  const std::string id = "018bcfe5-6800-7ac7-8000-000000000001";
  BOOST_TEST(!must(log->find_command(id)).has_value());
  const auto place = "$KV.troupe_commands.made." + [&] {
    std::ostringstream text;
    text << std::hex << *made_at(id) / 32;
    return text.str();
  }();
  publish(place + ".a-1", R"([["other","identity.7",0]])");
  BOOST_TEST(!must(log->find_command(id)).has_value());
  publish(place + ".a-2", R"([["other"]])");
  BOOST_TEST((log->find_command(id).error().code == errc::corrupt));
}

BOOST_AUTO_TEST_CASE(an_id_whose_outcome_is_forgotten_can_be_used_again) {
  const auto log = open();
  kept_outcome kept;
  kept.command_id = "c1";
  kept.outcome.status = outcome_status::rejected;
  kept.outcome.stream = {"identity", "7"};
  BOOST_TEST(!log->append({}, {&kept, 1}).front().failure.has_value());
  const append_request repeat{{a_commit("7", 1, "c1")}, true};
  BOOST_TEST((failure_of(log->append({&repeat, 1}, {}).front()) == errc::duplicate));
  BOOST_TEST(!must(log->find_command("c1")).has_value());
  const auto broker = connect();
  BOOST_TEST_REQUIRE(js_PurgeStream(broker->jetstream(), "KV_troupe_outcomes", nullptr, nullptr) ==
                     NATS_OK);
  BOOST_TEST(!log->append({&repeat, 1}, {}).front().failure.has_value());
  BOOST_TEST(must(log->find_command("c1")).has_value());
  BOOST_TEST((failure_of(log->append({&repeat, 1}, {}).front()) == errc::duplicate));
}

BOOST_AUTO_TEST_CASE(a_refused_id_that_is_marked_before_its_outcome_is_kept_is_free) {
  // Its node died in between, or the outcome is still on its way: nobody has been answered.
  const auto log = open();
  publish("$KV.troupe_commands.c1", R"({"stream":"identity.7","after":0,"outcome":"kept"})");
  const append_request first{{a_commit("8", 1, "c1")}, true};
  BOOST_TEST(!log->append({&first, 1}, {}).front().failure.has_value());
}

BOOST_AUTO_TEST_CASE(what_the_node_has_stored_or_read_of_late_is_not_asked_for_again) {
  const auto log = open();
  store(*log, {a_commit("7", 1, "c1")});
  publish("identity.command", "{}");
  const auto foreign = open();
  store(*foreign, {a_commit("8", 1, "c2")});
  store(*log, {a_commit("7", 2, "c3")});
  const auto read = must(log->read_category("identity", 1, 3));
  BOOST_TEST(read.size() == 3U);
  server.pause();
  BOOST_TEST((must(log->read_category("identity", 1, 3)) == read));
  BOOST_TEST((log->read_category("identity", 1, 4).error().code == errc::unavailable));
  server.resume();
  BOOST_TEST((must(open()->read_category("identity", 1, 3)) == read));
}

BOOST_AUTO_TEST_CASE(durable_commands_between_the_events_are_passed_over) {
  const auto log = open();
  store(*log, {a_commit("7", 1, "c1")});
  for (int i = 0; i < 150; ++i) publish("identity.command.7", "{}");
  store(*log, {a_commit("7", 2, "c2")});
  publish("identity.command", "{}");
  const auto read = must(log->read_category("identity", 1, 10));
  BOOST_TEST_REQUIRE(read.size() == 2U);
  BOOST_TEST(read[1].position == 152U);
  BOOST_TEST(must(log->head("identity")) == 152U);
  BOOST_TEST(must(open()->head("identity")) == 152U);
  BOOST_TEST(must(log->read_category("identity", 2, 1)).front().position == 152U);
  BOOST_TEST(must(log->read_category("identity", 153, 10)).empty());
}

BOOST_AUTO_TEST_CASE(a_long_entity_is_read_whole_and_from_any_version) {
  constexpr version_t length = 120;
  const auto log = open();
  for (version_t i = 1; i <= length; ++i) store(*log, {a_commit("7", i, "c" + std::to_string(i))});
  for (const version_t from : {1, 2, 50, 96, 97, 119, 120}) {
    const auto read = must(log->read_stream({"identity", "7"}, from, 1000));
    BOOST_TEST_REQUIRE(read.size() == length - from + 1);
    BOOST_TEST(read.front().data.first_version == from);
    BOOST_TEST(read.back().data.first_version == length);
  }
  version_t next = 1;
  for (auto page = must(log->read_stream({"identity", "7"}, 1, 50)); !page.empty();
       page = must(log->read_stream({"identity", "7"}, next, 50))) {
    for (const auto& one : page) BOOST_TEST(one.data.first_version == next++);
  }
  BOOST_TEST(next == length + 1);
}

BOOST_AUTO_TEST_CASE(somebody_elses_message_is_seen_in_its_category_and_stops_its_entity) {
  const auto log = open();
  store(*log, {a_commit("7", 1, "c1")});
  publish("identity.foreign", R"({"id":"e","type":"T","metadata":{},"data":{}})");
  const auto read = must(log->read_category("identity", 1, 10));
  BOOST_TEST_REQUIRE(read.size() == 2U);
  BOOST_TEST(read[1].data.first_version == 0U);
  BOOST_TEST(must(decode(read[1])).front().event.type == "T");
  const auto refused = log->read_stream({"identity", "foreign"}, 1, 10);
  BOOST_TEST_REQUIRE(!refused.has_value());
  BOOST_TEST((refused.error().code == errc::corrupt));
  BOOST_TEST(refused.error().message.find("position 2") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_node_is_told_when_another_one_appends) {
  const auto one = open();
  const auto other = open();
  std::mutex mutex;
  std::condition_variable told;
  position_t heard = 0;
  one->watch([&](const std::string& category, position_t head) {
    const std::lock_guard lock(mutex);
    if (category == "identity") heard = head;
    told.notify_one();
  });
  // Of its own commits it knows; what is told of those comes before what is told of others'.
  store(*one, {a_commit("9", 1, "own")});
  store(*other, {a_commit("7", 1, "c1"), a_commit("7", 2, "c2")});
  std::unique_lock lock(mutex);
  BOOST_TEST(told.wait_for(lock, long_enough, [&] { return heard != 0; }));
  BOOST_TEST(heard == 3U);
  lock.unlock();
  one->watch(nullptr);
}

BOOST_AUTO_TEST_CASE(a_stream_that_would_forget_is_refused_with_what_to_mend) {
  const auto broker = connect();
  std::array subjects{"identity.*", "identity.command.*"};
  jsStreamConfig config;
  jsStreamConfig_Init(&config);
  config.Name = "troupe_identity";
  config.Subjects = subjects.data();
  config.SubjectsLen = subjects.size();
  BOOST_TEST_REQUIRE(js_AddStream(nullptr, broker->jetstream(), &config, nullptr, nullptr) ==
                     NATS_OK);
  const auto log = open();
  const auto prepared = log->prepare({"identity"});
  BOOST_TEST_REQUIRE(!prepared.has_value());
  BOOST_TEST((prepared.error().code == errc::invalid));
  BOOST_TEST(prepared.error().message.find("deny_delete") != std::string::npos,
             prepared.error().message);
  BOOST_TEST((failure_of(append(*log, {a_commit("7", 1, "c1")})) == errc::invalid));
}

BOOST_AUTO_TEST_CASE(a_commit_larger_than_the_broker_takes_is_refused_and_the_log_goes_on) {
  const auto log = open();
  auto large = a_commit("7", 1, "c1");
  large.body.assign(std::size_t{3} << 20U, 'x');
  BOOST_TEST((failure_of(append(*log, {large})) == errc::invalid));
  store(*log, {a_commit("7", 1, "c2")});
}

BOOST_AUTO_TEST_CASE(a_consumer_that_was_read_from_is_gone_soon) {
  const auto log = open();
  constexpr version_t versions = 10;
  for (version_t version = 1; version <= versions; ++version)
    store(*log, {a_commit("7", version, "c" + std::to_string(version))});
  BOOST_TEST(must(log->read_stream({"identity", "7"}, 1, 100)).size() == versions);
  const auto broker = connect();
  eventually([&]() -> result<void> {
    jsStreamInfo* found = nullptr;
    const auto status =
        js_GetStreamInfo(&found, broker->jetstream(), "troupe_identity", nullptr, nullptr);
    const std::unique_ptr<jsStreamInfo, destroys<jsStreamInfo_Destroy>> info(found);
    if (status == NATS_OK && info->State.Consumers == 0) return {};
    return error{errc::unavailable, "there is a consumer yet"};
  });
}

BOOST_AUTO_TEST_CASE(no_broker_is_a_clear_error) {
  server.kill();
  const auto refused = connection::open(where);
  BOOST_TEST_REQUIRE(!refused.has_value());
  BOOST_TEST((refused.error().code == errc::unavailable));
  BOOST_TEST(refused.error().message.find("--nats") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_key_tells_all_command_ids_apart) {
  BOOST_TEST(key_of("plain-Key_1") == "plain-Key_1");
  BOOST_TEST(key_of("a.b*>~=") == "a=2Eb=2A=3E=7E=3D");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe::nats
