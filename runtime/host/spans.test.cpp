#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <mutex>

#include "runtime/host/node_in_a_box.test.hpp"

namespace troupe::host {
namespace {

const std::string sampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// A node with a tracer.
struct traced_box {
  explicit traced_box(engine_options tuned = {}) {
    tuned.trace = &spans;
    box.emplace(std::move(tuned));
  }

  command_outcome run(const std::string& entity, const std::string& type, json data) {
    auto one = box->make(entity, type, std::move(data));
    one.context.traceparent = sampled;
    return box->run(std::move(one));
  }
  command_outcome add(const std::string& entity, int amount) {
    return run(entity, "Add", {{"amount", amount}});
  }

  /// All that have ended, of one name or another.
  std::vector<span> ended(const std::string& name) {
    std::ranges::move(spans.take(1'000), std::back_inserter(seen_));
    std::vector<span> found;
    std::ranges::copy_if(seen_, std::back_inserter(found),
                         [&](const span& one) { return one.name == name; });
    return found;
  }
  std::vector<span> await(const std::string& name, std::size_t count) {
    std::vector<span> found;
    BOOST_REQUIRE(box->eventually([&] {
      found = ended(name);
      return found.size() >= count;
    }));
    return found;
  }

  system_clock time;
  uuid_source ids{time};
  tracer spans{time, ids, 1, 1'000, [] {}};
  std::optional<node_in_a_box> box;

 private:
  std::vector<span> seen_;
};

std::string noted(const span& one, const std::string& key) {
  for (const auto& [name, value] : one.attributes) {
    if (name != key) continue;
    const auto* text = std::get_if<std::string>(&value);
    return text != nullptr ? *text : std::to_string(std::get<std::int64_t>(value));
  }
  return "";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(spans)

BOOST_AUTO_TEST_CASE(
    a_command_is_one_span_with_its_append_and_the_projections_of_its_events_in_it) {
  traced_box traced;
  BOOST_TEST(to_string(traced.run("a", "AddTwice", {{"amount", 2}}).status) == "accepted");
  traced.box->await_view();
  const auto decided = traced.await("AddTwice", 1);
  const auto append = traced.await("append", 1);
  const auto projected = traced.await("project totals", 2);
  BOOST_REQUIRE(decided.size() == 1U);
  BOOST_REQUIRE(append.size() == 1U);
  BOOST_REQUIRE(projected.size() == 2U);
  BOOST_TEST(decided[0].parent == "00f067aa0ba902b7");
  BOOST_TEST(noted(decided[0], "troupe.outcome") == "accepted");
  BOOST_TEST(noted(decided[0], "troupe.events") == "2");
  BOOST_TEST(noted(append[0], "troupe.position") == "1");
  for (const auto& part : {append[0], projected[0], projected[1]}) {
    BOOST_TEST(part.parent == decided[0].place.span_id);
    BOOST_TEST(!part.failure.has_value());
    BOOST_TEST((part.begun <= part.ended));
  }
  const auto stored = traced.box->log.inner.read_stream({"counting", "a"}, 1, 1);
  for (const auto& event : *decode(stored->front())) {
    BOOST_TEST(event.event.metadata.at("traceparent") == to_traceparent(decided[0].place));
  }
}

BOOST_AUTO_TEST_CASE(a_lost_race_is_another_append_of_the_same_command_and_no_error) {
  traced_box traced;
  traced.add("a", 1);
  bool once = false;
  traced.box->log.interfere = [&](auto) {
    if (!std::exchange(once, true))
      append_foreign(traced.box->log.inner, {"counting", "a"}, 10, "foreign");
    return std::nullopt;
  };
  BOOST_TEST(to_string(traced.add("a", 5).status) == "accepted");
  BOOST_TEST(traced.await("Add", 2).size() == 2U);
  const auto appends = traced.await("append", 3);
  BOOST_REQUIRE(appends.size() == 3U);
  BOOST_TEST(noted(appends[1], "troupe.error") == "conflict");
  BOOST_TEST(noted(appends[1], "troupe.position") == "");
  BOOST_TEST(!appends[1].failure.has_value());
  BOOST_TEST(appends[2].parent == appends[1].parent);
  BOOST_TEST(noted(appends[2], "troupe.position") == "3");
}

BOOST_AUTO_TEST_CASE(a_command_that_a_crash_dropped_stays_one_span) {
  traced_box traced;
  bool once = false;
  traced.box->log.interfere = [&](auto) -> std::optional<std::vector<append_result>> {
    if (std::exchange(once, true)) return std::nullopt;
    throw std::runtime_error("planted crash of the writer");
  };
  BOOST_TEST(to_string(traced.add("a", 2).status) == "accepted");
  const auto decided = traced.await("Add", 1);
  BOOST_TEST(decided.size() == 1U);
  BOOST_TEST(noted(decided[0], "troupe.outcome") == "accepted");
  for (const auto& append : traced.ended("append")) {
    BOOST_TEST(append.parent == decided[0].place.span_id);
  }
}

BOOST_AUTO_TEST_CASE(a_crash_of_domain_code_is_an_error_and_is_told_with_its_trace) {
  std::mutex mutex;
  std::vector<std::pair<std::string, actor_failure>> told;
  engine_options tuned;
  tuned.on_failure = [&](const std::string& path, const actor_failure& why) {
    const std::lock_guard lock(mutex);
    told.emplace_back(path, why);
  };
  traced_box traced(std::move(tuned));
  traced.add("a", 1);
  traced.run("a", "Crash", json::object());
  const auto decided = traced.await("Crash", 1);
  BOOST_TEST(noted(decided[0], "troupe.outcome") == "failed");
  BOOST_TEST(decided[0].failure.has_value());
  BOOST_REQUIRE(traced.box->eventually([&] {
    const std::lock_guard lock(mutex);
    return !told.empty();
  }));
  BOOST_TEST(told[0].first == "/features/counting/command-handlers/a");
  BOOST_TEST(told[0].second.what == "planted crash");
  BOOST_TEST(told[0].second.trace_id == "trace");
}

BOOST_AUTO_TEST_CASE(an_event_that_is_parked_is_an_error_of_its_own_span_alone) {
  traced_box traced;
  counting::poison = 13;
  traced.add("a", 13);
  traced.add("b", 1);
  traced.box->await_view();
  const auto projected = traced.await("project totals", 2);
  BOOST_TEST(projected.size() == 2U);
  for (const auto& one : projected) {
    const auto poisoned = noted(one, "troupe.entity") == "a";
    BOOST_TEST(one.failure.value_or("") == (poisoned ? "parked: planted poison" : ""));
  }
  counting::poison = 0;
}

BOOST_AUTO_TEST_CASE(what_is_not_sampled_has_no_span_and_is_carried_on_as_it_came) {
  traced_box traced;
  const auto unsampled = sampled.substr(0, sampled.size() - 1) + '0';
  for (const auto& traceparent : {unsampled, std::string()}) {
    auto one = traced.box->make("a", "Add", {{"amount", 1}});
    one.context.traceparent = traceparent;
    traced.box->run(std::move(one));
  }
  traced.box->await_view();
  traced.add("b", 1);
  traced.await("project totals", 1);  // Whatever there is of the others has ended before.
  BOOST_TEST(traced.ended("Add").size() == 1U);
  BOOST_TEST(traced.ended("append").size() == 1U);
  BOOST_TEST(traced.ended("project totals").size() == 1U);
  const auto stored = traced.box->log.inner.read_stream({"counting", "a"}, 1, 2);
  BOOST_TEST(decode(stored->at(0))->front().event.metadata.at("traceparent") == unsampled);
  BOOST_TEST(!decode(stored->at(1))->front().event.metadata.contains("traceparent"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::host
