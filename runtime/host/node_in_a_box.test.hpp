#pragma once

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <thread>

#include "runtime/host/counter.test.hpp"
#include "runtime/host/engine.hpp"
#include "runtime/testkit/forwarding_log.test.hpp"
#include "runtime/testkit/memory_event_log.hpp"
#include "runtime/testkit/memory_view_provider.hpp"
#include "runtime/testkit/patience.test.hpp"

namespace troupe::host {

using namespace std::chrono_literals;

/// A log whose appends a test can watch, delay, precede or break.
class staged_log final : public testkit::forwarding_log {
 public:
  staged_log() : forwarding_log(inner) {}

  using interference =
      std::function<std::optional<std::vector<append_result>>(std::span<const append_request>)>;

  std::vector<append_result> append(std::span<const append_request> requests,
                                    std::span<const kept_outcome> outcomes) override {
    ++appends;
    if (interfere) {
      if (auto instead = interfere(requests)) {
        instead->resize(requests.size() + outcomes.size());
        return *instead;
      }
    }
    if (keeps_nothing && !outcomes.empty()) {
      auto results = inner.append(requests, {});
      const error why{errc::unavailable, "there is no room for outcomes"};
      results.resize(requests.size() + outcomes.size(), append_result{{}, why});
      return results;
    }
    return inner.append(requests, outcomes);
  }
  result<std::vector<recorded_commit>> read_stream(const stream_id& stream, version_t from,
                                                   std::size_t limit) override {
    ++reads;
    return inner.read_stream(stream, from, limit);
  }
  result<std::vector<recorded_commit>> read_category(const std::string& category, position_t from,
                                                     std::size_t limit) override {
    auto commits = inner.read_category(category, from, limit);
    if (commits) commits_read += static_cast<int>(commits->size());
    return commits;
  }
  result<position_t> head(const std::string& category) override {
    if (head_unknown) return error{errc::unavailable, "the end of the log is not known"};
    return inner.head(category);
  }
  result<void> save_snapshot(const snapshot& saved) override {
    if (before_snapshot) {
      if (auto done = before_snapshot(saved); !done) return done;
    }
    return inner.save_snapshot(saved);
  }
  [[nodiscard]] bool shared() const override { return is_shared; }

  testkit::memory_event_log inner;
  bool is_shared = false;  ///< Set before the node starts.
  interference interfere;  ///< Set before commands are submitted.
  std::function<result<void>(const snapshot&)> before_snapshot;  ///< The same.
  std::atomic<bool> head_unknown{false};
  std::atomic<bool> keeps_nothing{false};  ///< Of outcomes.
  std::atomic<int> appends{0};
  std::atomic<int> reads{0};         ///< Of streams.
  std::atomic<int> commits_read{0};  ///< From categories.
};

/// Somebody else's commit on top of what the stream holds.
inline void append_foreign(event_log& log, const stream_id& stream, int amount,
                           const std::string& command_id) {
  version_t last = 0;
  const auto stored = log.read_stream(stream, 1, 1'000);
  for (const auto& one : *stored) last = one.data.last_version();
  const envelope event{"foreign-" + command_id, "Added", json::object(), json{{"amount", amount}}};
  commit foreign{stream, last + 1, 1, command_id, 0, encode_body(std::span(&event, 1)), {}};
  const append_request request{{foreign}};
  BOOST_REQUIRE(!log.append(std::span(&request, 1), {}).front().failure);
}

/// An engine with the counting feature on a staged log and views in memory.
struct node_in_a_box {
  explicit node_in_a_box(engine_options tuned = {}, bool shared_log = false)
      : options(std::move(tuned)), features(1, counting::feature()) {
    log.is_shared = shared_log;
    counting::poison = 0;
    views = std::move(*provider.open("counting", database_role::views));
    const auto migrations = *parse_migrations(features[0].migrations(database_role::views));
    BOOST_REQUIRE(views->migrate(migrations, migration_mode::apply));
    options.backoff_policy.min_delay = 1ms;
    options.backoff_policy.max_delay = 10ms;
    start();
  }

  /// Ends the node, if it runs, and starts it on the same log and views.
  void start() {
    actors.reset();
    std::vector<bound_projection> bound{{"counting", features[0].projections()[0], views.get()}};
    actors = std::make_unique<engine>(options, features, bound, log, time);
    actors->start();
  }

  command make(const std::string& entity, const std::string& type, json data,
               const std::string& id = "") {
    command one;
    one.stream = {"counting", entity};
    one.type = type;
    one.data = std::move(data);
    one.context.command_id = id.empty() ? ids.next() : id;
    one.context.trace_id = "trace";
    one.context.time = time.now();
    one.id_given = !id.empty();
    return one;
  }

  std::future<command_outcome> submit(command one) {
    auto promise = std::make_shared<std::promise<command_outcome>>();
    auto answer = promise->get_future();
    actors->submit(std::move(one),
                   [promise](command_outcome outcome) { promise->set_value(std::move(outcome)); });
    return answer;
  }

  command_outcome run(command one) {
    auto answer = submit(std::move(one));
    BOOST_REQUIRE(answer.wait_for(patience) == std::future_status::ready);
    return answer.get();
  }

  command_outcome add(const std::string& entity, int amount, const std::string& id = "") {
    return run(make(entity, "Add", {{"amount", amount}}, id));
  }

  /// The amounts in an entity's stream; requires versions without holes.
  std::vector<int> amounts(const std::string& entity) {
    std::vector<int> found;
    version_t expected = 1;
    const auto commits = log.inner.read_stream({"counting", entity}, 1, 100'000);
    for (const auto& one : *commits) {
      BOOST_REQUIRE_EQUAL(one.data.first_version, expected);
      expected = one.data.last_version() + 1;
      const auto events = decode(one);
      for (const auto& event : *events) found.push_back(event.event.data.at("amount").get<int>());
    }
    return found;
  }

  int total(const std::string& entity) {
    int sum = 0;
    for (const int amount : amounts(entity)) sum += amount;
    return sum;
  }

  void await_view() {
    BOOST_REQUIRE(
        actors->await_projection("totals", *log.head("counting"), time.monotonic() + patience));
  }

  json row(const std::string& entity) {
    auto found = views->get({"totals", "id"}, entity);
    BOOST_REQUIRE(found);
    return *found ? **found : json(nullptr);
  }

  /// Asks again and again until it holds or patience is over.
  bool eventually(const std::function<bool()>& holds) const {
    const auto end = time.monotonic() + patience;
    while (!holds()) {
      if (time.monotonic() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }

  json state_of(const std::string& path) const { return actors->actor(path)->second; }

  projection_info projection() const { return actors->projections().front(); }

  system_clock time;
  uuid_source ids{time};
  engine_options options;
  std::vector<feature> features;
  staged_log log;
  testkit::memory_view_provider provider;
  std::unique_ptr<view_store> views;
  std::unique_ptr<engine> actors;
};

}  // namespace troupe::host
