#include "runtime/node/gateway.hpp"

#include <boost/test/unit_test.hpp>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "runtime/core/made_id.hpp"
#include "runtime/host/counter.test.hpp"
#include "runtime/testkit/forwarding_log.test.hpp"
#include "runtime/testkit/memory_event_log.hpp"
#include "runtime/testkit/memory_view_provider.hpp"
#include "runtime/testkit/patience.test.hpp"

namespace troupe {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view schema = R"({"definitions":{
    "Add":{"type":"object","properties":{"amount":{"type":"integer"}},"required":["amount"]},
    "AddTwice":{"type":"object"}, "Confirm":{"type":"object"}, "Crash":{"type":"object"},
    "CrashUnlessNew":{"type":"object"}}})";

/// A log that stores nothing while it is closed, and cannot be read while it is away.
class gated_log final : public testkit::forwarding_log {
 public:
  gated_log() : forwarding_log(inner) {}

  std::vector<append_result> append(std::span<const append_request> requests,
                                    std::span<const kept_outcome> outcomes) override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return open_; });
    return inner.append(requests, outcomes);
  }
  result<std::optional<recorded_commit>> find_command(const std::string& id) override {
    if (away) return error{errc::unavailable, "the log is away"};
    return inner.find_command(id);
  }

  void set_open(bool open) {
    const std::lock_guard lock(mutex_);
    open_ = open;
    changed_.notify_all();
  }

  testkit::memory_event_log inner;
  std::atomic<bool> away{false};

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = true;
};

struct node_of_counters {
  explicit node_of_counters(host::engine_options options = {}) {
    counting::poison = 0;
    features.push_back(
        feature("counting")
            .with_aggregate<counting::counter>(schema)
            .with_view<counting::totals>()
            .with_view_migrations(counting::feature().migrations(database_role::views)));
    views = *provider.open("counting", database_role::views);
    const auto migrations = *parse_migrations(features[0].migrations(database_role::views));
    BOOST_REQUIRE(views->migrate(migrations, migration_mode::apply));
    bound = {{"counting", features[0].projections()[0], views.get()}};
    actors = std::make_unique<host::engine>(options, features, bound, log, time);
    actors->start();
    app = make_gateway();
  }
  ~node_of_counters() {
    log.set_open(true);
    actors->stop();
  }

  std::unique_ptr<gateway> make_gateway() {
    return *gateway::make(features, bound, log, *actors, time, metrics, 100);
  }

  command_request make(const std::string& id, const std::string& type, json data,
                       const std::string& command_id) {
    command_request request;
    request.category = "counting";
    request.id = id;
    request.type = type;
    request.data = std::move(data);
    request.context.command_id = command_id;
    request.id_given = true;
    return request;
  }

  std::optional<command_outcome> take_in(const std::string& command_id, int amount,
                                         const std::string& id = "a") {
    return app->take_in(make(id, "Add", {{"amount", amount}}, command_id));
  }

  /// What became of a command, once it is no longer under way.
  command_outcome outcome(const std::string& command_id) {
    const auto end = time.monotonic() + patience;
    for (;;) {
      auto known = app->outcome_of(command_id);
      BOOST_TEST_REQUIRE(known.has_value());
      if (*known) return **known;
      BOOST_REQUIRE(time.monotonic() < end);
      std::this_thread::yield();
    }
  }

  bool is_pending(const std::string& command_id) {
    const auto known = app->outcome_of(command_id);
    return known.has_value() && !known->has_value();
  }

  system_clock time;
  metric_registry metrics;
  std::vector<feature> features;
  gated_log log;
  testkit::memory_view_provider provider;
  std::unique_ptr<view_store> views;
  std::vector<host::bound_projection> bound;
  std::unique_ptr<host::engine> actors;
  std::unique_ptr<gateway> app;
};

BOOST_AUTO_TEST_SUITE(the_way_in)

BOOST_FIXTURE_TEST_CASE(a_command_on_behalf_of_a_caller_must_be_allowed, node_of_counters) {
  auto request = make("a", "Add", {{"amount", 1}}, "forbidden");
  request.on_behalf_of = caller{"zoe", {"user"}};
  const auto refused = app->execute(request);
  BOOST_TEST((refused.status == outcome_status::forbidden));
  BOOST_TEST(refused.code == "forbidden");
  BOOST_TEST((app->take_in(request)->status == outcome_status::forbidden));
  BOOST_TEST(!app->outcome_of("forbidden").has_value());
  BOOST_TEST(*log.head("counting") == 0U);
  request.on_behalf_of = caller{"root", {"admin"}};
  BOOST_TEST((app->execute(request).status == outcome_status::accepted));
  request.on_behalf_of.reset();
  request.context.command_id = "from-within";
  BOOST_TEST((app->execute(request).status == outcome_status::accepted));
}

BOOST_AUTO_TEST_CASE(a_command_that_gives_its_entity_its_id_has_no_mark_wherever_it_goes) {
  node_of_counters node;
  const auto id = uuid_source(node.time).next();
  auto request = node.make("", "Add", {{"amount", 1}}, id);
  request.id_given = false;
  const auto made = node.app->execute(request);
  BOOST_TEST(made.command_id == without_mark(id));
  BOOST_TEST(made.stream.id == derive_id("counting", without_mark(id)));
  request.id = "a";
  BOOST_TEST(node.app->execute(request).command_id == id);
  // Whoever repeats the first comes upon the same entity.
  const auto again = node.app->execute(node.make("", "Add", {{"amount", 1}}, made.command_id));
  BOOST_TEST((again.stream == made.stream));
  BOOST_TEST(again.version == made.version);
}

BOOST_AUTO_TEST_CASE(a_command_that_was_taken_in_is_pending_until_it_is_stored) {
  node_of_counters node;
  node.log.set_open(false);
  BOOST_TEST(!node.take_in("c1", 2));
  BOOST_TEST(node.is_pending("c1"));
  node.log.set_open(true);
  const auto outcome = node.outcome("c1");
  BOOST_TEST(to_string(outcome.status) == "accepted");
  BOOST_TEST(outcome.version == 1U);
  BOOST_TEST(outcome.events.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_waiting_callers_command_is_pending_too_when_its_id_was_given) {
  node_of_counters node;
  node.log.set_open(false);
  node.app->submit(node.make("a", "Add", {{"amount", 1}}, "c1"), [](const command_outcome&) {});
  BOOST_TEST(node.is_pending("c1"));
  node.log.set_open(true);
  BOOST_TEST(to_string(node.outcome("c1").status) == "accepted");
}

BOOST_AUTO_TEST_CASE(what_the_log_holds_is_known_to_a_node_that_was_just_started) {
  node_of_counters node;
  BOOST_TEST(!node.take_in("c1", 2));
  BOOST_TEST(!node.app->take_in(node.make("a", "Confirm", {{"at", 7}}, "c2")));
  auto mismatch = node.make("a", "Add", {{"amount", 1}}, "c3");
  mismatch.expected_version = 9;
  BOOST_TEST(!node.app->take_in(std::move(mismatch)));
  BOOST_TEST(!node.take_in("c4", 0));
  const std::vector<command_outcome> before{node.outcome("c1"), node.outcome("c2"),
                                            node.outcome("c3"), node.outcome("c4")};
  BOOST_TEST(to_string(before[1].status) == "rejected");
  BOOST_TEST(to_string(before[2].status) == "version-mismatch");
  BOOST_TEST(to_string(before[3].status) == "accepted");
  BOOST_TEST(before[3].events.empty());
  node.app = node.make_gateway();
  const std::vector<command_outcome> after{node.outcome("c1"), node.outcome("c2"),
                                           node.outcome("c3"), node.outcome("c4")};
  BOOST_TEST((before == after));
}

BOOST_AUTO_TEST_CASE(an_outcome_that_the_log_does_not_hold_is_told_while_it_is_remembered) {
  node_of_counters node;
  BOOST_TEST(!node.app->take_in(node.make("a", "Crash", json::object(), "c1")));
  BOOST_TEST(to_string(node.outcome("c1").status) == "failed");
  BOOST_TEST((node.app->outcome_of("c2").error().code == errc::not_found));
}

BOOST_AUTO_TEST_CASE(wrong_commands_and_reused_ids_are_refused_before_they_are_taken_in) {
  node_of_counters node;
  const auto status = [](const std::optional<command_outcome>& refused) {
    return refused ? std::string(to_string(refused->status)) : std::string("taken in");
  };
  BOOST_TEST(status(node.app->take_in(node.make("a", "Add", json::object(), "c1"))) == "invalid");
  BOOST_TEST(status(node.app->take_in(node.make("a", "Remove", json::object(), "c1"))) ==
             "not-found");
  node.log.set_open(false);
  BOOST_TEST(status(node.take_in("c1", 1)) == "taken in");
  BOOST_TEST(status(node.take_in("c1", 1)) == "taken in");
  BOOST_TEST(status(node.take_in("c1", 2)) == "id-reused");
  BOOST_TEST(status(node.take_in("c1", 1, "b")) == "id-reused");
  node.log.set_open(true);
  BOOST_TEST(to_string(node.outcome("c1").status) == "accepted");
  BOOST_TEST(status(node.take_in("c1", 1)) == "taken in");
  BOOST_TEST(status(node.take_in("c1", 2)) == "id-reused");
  BOOST_TEST(node.log.inner.read_stream({"counting", "a"}, 1, 10).value().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_command_beyond_the_bound_is_shed_and_not_taken_in) {
  host::engine_options options;
  options.max_in_flight = 1;
  node_of_counters node(options);
  node.log.set_open(false);
  BOOST_TEST(!node.take_in("c1", 1));
  const auto shed = node.take_in("c2", 1);
  BOOST_REQUIRE(shed);
  BOOST_TEST(to_string(shed->status) == "overloaded");
  BOOST_TEST((node.app->outcome_of("c2").error().code == errc::not_found));
}

BOOST_AUTO_TEST_CASE(an_outcome_is_in_doubt_while_the_log_cannot_be_read) {
  node_of_counters node;
  BOOST_TEST(!node.take_in("c1", 1));
  node.outcome("c1");
  node.log.away = true;
  BOOST_TEST((node.app->outcome_of("c1").error().code == errc::in_doubt));
  BOOST_TEST(to_string(node.take_in("c1", 1)->status) == "unavailable");
}

BOOST_AUTO_TEST_CASE(watches_tell_of_new_events_and_of_views_that_moved) {
  node_of_counters node;
  std::mutex mutex;
  std::condition_variable changed;
  int events = 0;
  int moves = 0;
  const auto count = [&](int& what) {
    return [&] {
      const std::lock_guard lock(mutex);
      ++what;
      changed.notify_all();
    };
  };
  const auto one = node.app->watch_events("counting", count(events));
  const auto other = node.app->watch_view("totals", count(moves));
  BOOST_REQUIRE(one);
  BOOST_REQUIRE(other);
  BOOST_TEST(!node.take_in("c1", 1));
  {
    std::unique_lock lock(mutex);
    BOOST_TEST(changed.wait_for(lock, patience, [&] { return events > 0 && moves > 0; }));
  }
  BOOST_TEST((node.app->watch_events("nothing", [] {}).error().code == errc::not_found));
  BOOST_TEST((node.app->watch_view("nothing", [] {}).error().code == errc::not_found));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
