#include "runtime/host/loaded_entity.hpp"

#include <rapidcheck.h>
#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

#include "runtime/host/counter.test.hpp"
#include "runtime/testkit/forwarding_log.test.hpp"
#include "runtime/testkit/memory_event_log.hpp"

namespace troupe::host {
namespace {

const stream_id counter{"counting", "a"};
const detail::typed_aggregate<counting::counter> kernel;

/// A log that counts the events that are read from it.
class counting_log final : public testkit::forwarding_log {
 public:
  counting_log() : forwarding_log(inner_) {}

  result<std::vector<recorded_commit>> read_stream(const stream_id& stream, version_t from,
                                                   std::size_t limit) override {
    auto commits = inner_.read_stream(stream, from, limit);
    if (commits) {
      for (const auto& one : *commits) events_read += one.data.event_count;
    }
    return commits;
  }

  std::size_t events_read = 0;

 private:
  testkit::memory_event_log inner_;
};

/// Stores commits with these numbers of events, each adding a number of its own within a thousand.
void fill(event_log& log, const std::vector<std::size_t>& sizes) {
  version_t version = 0;
  std::vector<append_request> requests(1);
  for (const auto size : sizes) {
    std::vector<envelope> events;
    const auto first = version + 1;
    for (std::size_t i = 0; i < size; ++i) {
      ++version;
      events.push_back({"e" + std::to_string(version),
                        "Added",
                        json::object(),
                        {{"amount", static_cast<int>(version % 1'000)}}});
    }
    requests[0].commits.push_back({counter,
                                   first,
                                   static_cast<std::uint32_t>(size),
                                   "c" + std::to_string(first),
                                   0,
                                   encode_body(events),
                                   {}});
  }
  if (!requests[0].commits.empty()) {
    BOOST_TEST_REQUIRE(!log.append(requests, {}).front().failure.has_value());
  }
}

loaded_entity folded(event_log& log, std::optional<version_t> until = std::nullopt) {
  return std::move(load_entity(log, kernel, counter, until, use_snapshots::no)).value();
}

loaded_entity loaded(event_log& log, std::optional<version_t> until = std::nullopt) {
  return std::move(load_entity(log, kernel, counter, until)).value();
}

snapshot snapshot_at(event_log& log, version_t version) {
  const auto then = folded(log, version);
  return {counter, then.version, then.position, snapshot_schema(kernel, then.last_command),
          then.state->state()};
}

void save(event_log& log, const snapshot& saved) {
  BOOST_TEST_REQUIRE(log.save_snapshot(saved).has_value());
}

BOOST_AUTO_TEST_SUITE(loaded_entities)

BOOST_AUTO_TEST_CASE(a_hundred_thousand_events_are_not_read_again_behind_a_snapshot) {
  counting_log log;
  fill(log, std::vector<std::size_t>(1'000, 100));
  const auto expected = folded(log);
  BOOST_TEST(log.events_read >= 100'000U);
  save(log, snapshot_at(log, 99'900));
  log.events_read = 0;
  const auto entity = loaded(log);
  BOOST_TEST(entity.snapshot == 99'900U);
  BOOST_TEST(entity.version == 100'000U);
  BOOST_TEST(entity.position == expected.position);
  BOOST_TEST(entity.state->state() == expected.state->state());
  // The commit of the snapshot, to see that it is there, and the one after it.
  BOOST_TEST(log.events_read <= 300U);
}

BOOST_AUTO_TEST_CASE(a_snapshot_and_the_rest_are_the_fold_of_all) {
  const bool holds = rc::check("whatever the history, the snapshot and the version", [] {
    const auto sizes = *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange(1, 4));
    testkit::memory_event_log log;
    fill(log, sizes);
    const auto last = folded(log).version;
    const auto taken = *rc::gen::inRange<version_t>(0, last + 1);
    const auto until = *rc::gen::inRange<version_t>(0, last + 2);
    if (taken > 0) save(log, snapshot_at(log, taken));
    const auto fast = loaded(log, until);
    const auto slow = folded(log, until);
    RC_ASSERT(fast.state->state() == slow.state->state());
    RC_ASSERT(fast.version == slow.version);
    RC_ASSERT(fast.position == slow.position);
    RC_ASSERT(loaded(log).state->state() == folded(log).state->state());
  });
  BOOST_TEST(holds);
}

BOOST_AUTO_TEST_CASE(a_later_snapshot_is_not_used_for_an_earlier_version) {
  testkit::memory_event_log log;
  fill(log, {1, 1, 1, 1});
  save(log, snapshot_at(log, 3));
  const auto then = loaded(log, 2);
  BOOST_TEST(then.version == 2U);
  BOOST_TEST(then.snapshot == 0U);
  BOOST_TEST(then.state->state() == json({{"total", 3}}));
  BOOST_TEST(loaded(log, 3).snapshot == 3U);
}

BOOST_AUTO_TEST_CASE(a_snapshot_of_no_use_is_passed_over) {
  testkit::memory_event_log log;
  fill(log, {1, 1, 1});
  const auto good = snapshot_at(log, 2);
  const auto passed_over = [&](auto spoil) {
    auto bad = good;
    spoil(bad);
    testkit::memory_event_log other;
    fill(other, {1, 1, 1});
    save(other, bad);
    const auto entity = loaded(other);
    return entity.snapshot == 0 && entity.version == 3 &&
           entity.state->state() == json({{"total", 6}});
  };
  BOOST_TEST(!passed_over([](snapshot&) {}));
  BOOST_TEST(passed_over([](snapshot& bad) { bad.schema = "of another shape"; }));
  BOOST_TEST(passed_over([](snapshot& bad) { bad.state = {{"total", "many"}}; }));
  BOOST_TEST(passed_over([](snapshot& bad) { bad.state = nullptr; }));
  BOOST_TEST(passed_over([](snapshot& bad) { bad.version = 0; }));
  // The log does not bear it out: it was restored from a backup.
  BOOST_TEST(passed_over([](snapshot& bad) { bad.position += 1; }));
  BOOST_TEST(passed_over([](snapshot& bad) { bad.version = 9; }));
  BOOST_TEST(passed_over([](snapshot& bad) { bad.schema = snapshot_schema(kernel, 4711); }));
}

BOOST_AUTO_TEST_CASE(an_event_that_cannot_be_read_names_its_place_also_behind_a_snapshot) {
  testkit::memory_event_log log;
  fill(log, {1, 1});
  save(log, snapshot_at(log, 2));
  const envelope odd{"e3", "Added", json::object(), {{"amount", "much"}}};
  const append_request request{{{counter, 3, 1, "c3", 0, encode_body({&odd, 1}), {}}}};
  BOOST_TEST_REQUIRE(!log.append({&request, 1}, {}).front().failure.has_value());
  const auto failed = load_entity(log, kernel, counter);
  BOOST_TEST_REQUIRE(!failed.has_value());
  BOOST_TEST((failed.error().code == errc::corrupt));
  BOOST_TEST(failed.error().message.starts_with("event 3 of stream counting.a at position 3: "));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe::host
