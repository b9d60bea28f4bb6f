#include "runtime/host/watchdog.hpp"

#include <future>

#include "runtime/host/node_in_a_box.test.hpp"
#include "runtime/testkit/forwarding_log.test.hpp"
#include "runtime/testkit/manual_clock.hpp"

namespace troupe::host {
namespace {

/// A watchdog and one component, looked at second by second.
struct one_component {
  one_component() : dog({1s, 5s, 10s, 3}) {
    seen.path = "/features/counting/projectors/totals";
    seen.kind = "projector";
    seen.restartable = {"/projector", "/subscriber"};
  }

  std::vector<std::string> look() {
    const std::span<const watched_component> all(&seen, 1);
    return dog.look(now += 1s, all);
  }

  /// Whether it was noticed at any of so many looks. `between` changes it.
  bool noticed(
      int looks, const std::function<void(watched_component&)>& between = [](auto&) {}) {
    for (int i = 0; i < looks; ++i) {
      between(seen);
      restarts += look().size();
      if (!dog.stalled().empty()) return true;
    }
    return false;
  }

  watchdog dog;
  watched_component seen;
  monotonic_time now{1h};
  std::size_t restarts = 0;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(watchdog_over_one_component, one_component)

BOOST_AUTO_TEST_CASE(one_that_is_idle_is_never_noticed) { BOOST_TEST(!noticed(100)); }

BOOST_AUTO_TEST_CASE(one_that_is_slow_but_advances_is_never_noticed) {
  seen.busy = true;
  BOOST_TEST(!noticed(200, [look = 0](watched_component& it) mutable {
    if (++look % 4 == 0) ++it.progress;
  }));
}

BOOST_AUTO_TEST_CASE(one_that_is_busy_with_ever_new_messages_is_never_noticed) {
  seen.busy = true;
  BOOST_TEST(!noticed(200, [](watched_component& it) { ++it.processed; }));
}

BOOST_AUTO_TEST_CASE(one_that_has_work_now_and_then_is_never_noticed) {
  BOOST_TEST(!noticed(200, [](watched_component& it) { it.has_work = !it.has_work; }));
}

BOOST_AUTO_TEST_CASE(one_that_drains_may_take_its_time) {
  seen.busy = true;
  seen.waits_for = awaited::drain;
  BOOST_TEST(!noticed(200));
}

BOOST_AUTO_TEST_CASE(one_that_stays_within_a_message_is_noticed_and_not_restarted) {
  seen.busy = true;
  seen.last_error = "earlier";
  BOOST_TEST(noticed(6));
  for (int i = 0; i < 100; ++i) restarts += look().size();
  BOOST_TEST(restarts == 0U);
  const auto stalled = dog.stalled().front();
  BOOST_TEST(stalled.path == seen.path);
  BOOST_TEST(stalled.cause == "busy");
  BOOST_TEST(stalled.detail == "within one message for 105 s; last error: earlier");
  seen.busy = false;
  look();
  BOOST_TEST(dog.stalled().empty());
}

BOOST_AUTO_TEST_CASE(what_waits_for_something_outside_is_shown_with_it_and_never_restarted) {
  seen.has_work = true;
  const std::vector<std::pair<awaited, std::string>> causes{
      {awaited::log, "log"}, {awaited::view_store, "view-store"}, {awaited::start, "start"}};
  for (const auto& [what, cause] : causes) {
    seen.waits_for = what;
    for (int i = 0; i < 100; ++i) restarts += look().size();
    BOOST_TEST(dog.stalled().front().cause == cause);
  }
  BOOST_TEST(restarts == 0U);
}

BOOST_AUTO_TEST_CASE(a_part_is_noticed_for_itself_and_never_restarted) {
  seen.part = "mic-counting";
  seen.has_work = true;
  seen.outside = "the broker";
  seen.restartable = {};
  auto other = seen;
  other.part = "another";
  for (int i = 0; i < 6; ++i) {
    const std::vector all{seen, other};
    BOOST_TEST(dog.look(now += 1s, all).empty());
    ++other.progress;
  }
  BOOST_TEST_REQUIRE(dog.stalled().size() == 1U);
  BOOST_TEST(dog.stalled().front().path == seen.path);
  BOOST_TEST(dog.stalled().front().cause == "channel");
  BOOST_TEST(dog.stalled().front().detail == "mic-counting: waiting for the broker for 5 s");
  // A bridge that has been started again has other parts, whatever they are called.
  static_cast<void>(dog.look(now += 1s, {}));
  look();
  BOOST_TEST(dog.stalled().empty());
}

BOOST_AUTO_TEST_CASE(lost_work_is_mended_by_turns_and_not_for_ever) {
  seen.has_work = true;
  std::vector<std::pair<int, std::string>> restarted;
  for (int second = 1; second <= 200; ++second) {
    for (const auto& path : look()) restarted.emplace_back(second, path);
  }
  const std::vector<std::pair<int, std::string>> expected{
      {6, "/projector"}, {16, "/subscriber"}, {26, "/projector"}};
  BOOST_TEST((restarted == expected));
  const auto stalled = dog.stalled().front();
  BOOST_TEST(stalled.cause == "lost");
  BOOST_TEST(stalled.restarts == 3U);
  BOOST_TEST(stalled.detail.find("restarted 3 times in vain") != std::string::npos);
  // One step forward, and its restarts are forgiven.
  ++seen.progress;
  look();
  BOOST_TEST(dog.stalled().empty());
  for (int i = 0; i < 5; ++i) restarts += look().size();
  BOOST_TEST(restarts == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

namespace {

/// A bridge with one part, which does what the test says.
class idle_bridge final : public bridge {
 public:
  [[nodiscard]] const std::string& name() const override {
    static const std::string own = "idle";
    return own;
  }
  result<void> start(on_failure) override { return {}; }
  void drain() override {}
  void stop() override {}
  [[nodiscard]] json describe() const override { return json::object(); }
  [[nodiscard]] std::vector<bridge_work> work() const override {
    return {{"consumer", steps, assigned ? "the broker" : ""}};
  }

  std::atomic<std::uint64_t> steps = 0;
  std::atomic<bool> assigned = false;
};

/// A log that says that it has grown, and gives nothing of it.
class deaf_log final : public testkit::forwarding_log {
 public:
  using forwarding_log::forwarding_log;

  std::vector<append_result> append(std::span<const append_request> requests,
                                    std::span<const kept_outcome> outcomes) override {
    if (hangs) released.wait();
    return forwarding_log::append(requests, outcomes);
  }
  result<std::vector<recorded_commit>> read_category(const std::string& category, position_t from,
                                                     std::size_t limit) override {
    if (away) return error{errc::unavailable, "the broker is away"};
    if (deaf) return std::vector<recorded_commit>();
    return forwarding_log::read_category(category, from, limit);
  }

  std::atomic<bool> deaf{false};
  std::atomic<bool> away{false};
  std::atomic<bool> hangs{false};
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
};

/// An engine whose watchdog looks all the time, at a clock that only the test moves.
struct watched_engine {
  watched_engine() {
    counting::poison = 0;
    counting::held = 0;
    views = std::move(*provider.open("counting", database_role::views));
    const auto migrations = *parse_migrations(features[0].migrations(database_role::views));
    BOOST_REQUIRE(views->migrate(migrations, migration_mode::apply));
    options.watching.every = 1ms;
    options.backoff_policy.min_delay = 1ms;
    options.backoff_policy.max_delay = 10ms;
    std::vector<bound_projection> bound{{"counting", features[0].projections()[0], views.get()}};
    actors = std::make_unique<engine>(options, features, bound, log, time);
    actors->start();
  }
  ~watched_engine() {
    counting::held = 0;
    if (log.hangs) log.release.set_value();
    actors.reset();
  }
  watched_engine(const watched_engine&) = delete;
  watched_engine& operator=(const watched_engine&) = delete;

  std::future<command_outcome> add(int amount) {
    command one;
    one.stream = {"counting", "a"};
    one.type = "Add";
    one.data = {{"amount", amount}};
    one.context.command_id = ids.next();
    one.context.time = time.now();
    auto promise = std::make_shared<std::promise<command_outcome>>();
    auto answer = promise->get_future();
    actors->submit(std::move(one),
                   [promise](command_outcome outcome) { promise->set_value(std::move(outcome)); });
    return answer;
  }

  /// Another node's commit, of which nobody tells this one.
  void add_elsewhere(int amount) { append_foreign(stored, {"counting", "a"}, amount, ids.next()); }

  /// Lets time pass, second by second, until it holds.
  bool eventually(const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > end) return false;
      time.advance(1s);
      look();
    }
    return true;
  }

  /// Waits until the watchdog has looked once more, from beginning to end.
  void look() const {
    const auto looks = [&] {
      const auto all = actors->components();
      return std::ranges::find(all, "/watchdog", &actor_info::path)->processed;
    };
    for (const auto before = looks(); looks() < before + 2;) std::this_thread::yield();
  }

  std::optional<stalled_component> stalled(const std::string& path) const {
    for (const auto& one : actors->stalled()) {
      if (one.path == path) return one;
    }
    return std::nullopt;
  }

  bool caught_up() {
    const auto head = *stored.head("counting");
    return actors->await_projection("totals", head, std::chrono::steady_clock::now() + patience);
  }

  const std::string projector = "/features/counting/projectors/totals";
  const std::string subscriber_path = "/features/counting/subscribers/counting";
  testkit::manual_clock time;
  system_clock machine;
  uuid_source ids{machine};
  engine_options options;
  std::vector<feature> features{counting::feature()};
  testkit::memory_event_log stored;
  deaf_log log{stored};
  testkit::memory_view_provider provider;
  std::unique_ptr<view_store> views;
  std::unique_ptr<engine> actors;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(watchdog_over_an_engine, watched_engine)

BOOST_AUTO_TEST_CASE(a_projector_that_hangs_in_its_code_is_noticed_and_goes_on_when_it_can) {
  counting::held = 7;
  BOOST_REQUIRE(add(7).wait_for(patience) == std::future_status::ready);
  // Time passes once it is there: on the way there the event would be taken for lost.
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!counting::holds && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  BOOST_REQUIRE(counting::holds);
  BOOST_REQUIRE(eventually([&] { return stalled(projector).has_value(); }));
  BOOST_TEST(stalled(projector)->cause == "busy");
  const auto troubles = actors->troubles();
  BOOST_TEST(std::ranges::any_of(
      troubles, [&](const auto& one) { return one.first == "stalled " + projector; }));
  BOOST_TEST(actors->actor("/log/writer")->first.restarts == 0U);
  counting::held = 0;
  BOOST_REQUIRE(caught_up());
  BOOST_TEST(eventually([&] { return actors->stalled().empty(); }));
  BOOST_TEST(actors->actor(projector)->first.restarts == 0U);
}

BOOST_AUTO_TEST_CASE(a_part_of_a_bridge_that_hears_nothing_is_shown_until_it_does) {
  const auto channel = std::make_shared<idle_bridge>();
  BOOST_REQUIRE(actors->start_bridges({channel}));
  time.advance(1h);
  look();
  BOOST_TEST(!stalled("/bridges/idle"));
  channel->assigned = true;
  look();
  BOOST_REQUIRE(eventually([&] { return stalled("/bridges/idle").has_value(); }));
  BOOST_TEST(stalled("/bridges/idle")->cause == "channel");
  BOOST_TEST(stalled("/bridges/idle")->detail.starts_with("consumer: waiting for the broker for "));
  BOOST_TEST(actors->actor("/bridges/idle")->first.restarts == 0U);
  ++channel->steps;
  look();
  BOOST_TEST(!stalled("/bridges/idle"));
}

BOOST_AUTO_TEST_CASE(a_log_that_never_answers_is_what_its_writer_is_shown_to_wait_for) {
  log.hangs = true;
  auto answer = add(1);
  BOOST_REQUIRE(eventually([&] { return stalled("/log/writer").has_value(); }));
  BOOST_TEST(stalled("/log/writer")->cause == "log");
  BOOST_TEST(stalled("/log/writer")->detail.starts_with("waiting for the log for "));
  log.hangs = false;
  log.release.set_value();
  BOOST_REQUIRE(answer.wait_for(patience) == std::future_status::ready);
  BOOST_TEST((answer.get().status == outcome_status::accepted));
  BOOST_TEST(eventually([&] { return actors->stalled().empty(); }));
}

BOOST_AUTO_TEST_CASE(a_projector_that_is_given_nothing_is_restarted_and_then_what_feeds_it) {
  log.deaf = true;
  add_elsewhere(1);
  const auto restarts = [&](const std::string& path) {
    const auto all = actors->components();
    return std::ranges::find(all, path, &actor_info::path)->restarts;
  };
  BOOST_REQUIRE(eventually([&] {
    const auto found = stalled(projector);
    return found && found->cause == "lost";
  }));
  BOOST_REQUIRE(eventually([&] { return restarts(projector) >= 1; }));
  BOOST_REQUIRE(eventually([&] { return restarts(subscriber_path) >= 1; }));
  log.deaf = false;
  BOOST_REQUIRE(caught_up());
  BOOST_TEST(eventually([&] { return actors->stalled().empty(); }));
}

BOOST_AUTO_TEST_CASE(a_log_that_is_away_is_shown_at_its_reader_and_restarts_nobody) {
  log.away = true;
  add_elsewhere(1);
  BOOST_REQUIRE(eventually([&] { return stalled(subscriber_path).has_value(); }));
  BOOST_TEST(stalled(subscriber_path)->cause == "log");
  time.advance(1h);
  look();
  BOOST_TEST(!stalled(projector));
  BOOST_TEST(actors->actor(projector)->first.restarts == 0U);
  BOOST_TEST(actors->actor(subscriber_path)->first.restarts == 0U);
  log.away = false;
  BOOST_REQUIRE(caught_up());
  BOOST_TEST(eventually([&] { return actors->stalled().empty(); }));
}

BOOST_AUTO_TEST_CASE(idle_and_paused_ones_are_left_alone) {
  BOOST_REQUIRE(add(1).wait_for(patience) == std::future_status::ready);
  BOOST_REQUIRE(caught_up());
  for (int i = 0; i < 3; ++i) {
    time.advance(1h);
    look();
    BOOST_TEST(actors->stalled().empty());
  }
  BOOST_REQUIRE(actors->pause_projection("totals"));
  BOOST_REQUIRE(add(2).wait_for(patience) == std::future_status::ready);
  for (int i = 0; i < 3; ++i) {
    time.advance(1h);
    look();
    BOOST_TEST(!stalled(projector));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::host
