#include "runtime/core/tracer.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <set>
#include <thread>

namespace troupe {
namespace {

using namespace std::chrono_literals;

const std::string trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string sampled = "00-" + trace_id + "-00f067aa0ba902b7-01";
const std::string unsampled = "00-" + trace_id + "-00f067aa0ba902b7-00";

struct traced_node {
  explicit traced_node(double ratio = 1, std::size_t most = 100)
      : spans(time, ids, ratio, most, [this] { ++dropped; }) {}

  std::unique_ptr<span> request(const std::string& id) const {
    return spans.receive("", id, "request", span_kind::server);
  }

  system_clock time;
  uuid_source ids{time};
  std::atomic<int> dropped{0};
  tracer spans;
};

command_outcome outcome_of(outcome_status status) {
  command_outcome outcome;
  outcome.status = status;
  outcome.code = "code";
  outcome.detail = "why";
  return outcome;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tracers)

BOOST_AUTO_TEST_CASE(a_request_goes_on_with_its_callers_trace) {
  const traced_node node;
  const auto made = node.spans.receive(sampled, "other", "request", span_kind::server);
  BOOST_TEST_REQUIRE(made);
  BOOST_TEST(made->place.trace_id == trace_id);
  BOOST_TEST(made->parent == "00f067aa0ba902b7");
  const auto part = node.spans.begin(to_traceparent(made->place), "part");
  BOOST_TEST_REQUIRE(part);
  BOOST_TEST(part->place.trace_id == trace_id);
  BOOST_TEST(part->parent == made->place.span_id);
  BOOST_TEST(part->place.span_id != made->place.span_id);
}

BOOST_AUTO_TEST_CASE(a_request_without_one_is_the_first_of_its_own_trace) {
  const traced_node node;
  const auto made = node.request("0193f1c5-a7d2-74b2-a3ce-929d0e0e4736");
  BOOST_TEST_REQUIRE(made);
  BOOST_TEST(made->place.trace_id == "0193f1c5a7d274b2a3ce929d0e0e4736");
  BOOST_TEST(made->parent.empty());
  BOOST_TEST(parse_traceparent(to_traceparent(made->place)).has_value());
}

BOOST_AUTO_TEST_CASE(the_caller_decides_whatever_the_ratio) {
  for (const double ratio : {0.0, 1.0}) {
    const traced_node node(ratio);
    BOOST_TEST(node.spans.receive(sampled, "", "request", span_kind::server) != nullptr);
    BOOST_TEST(node.spans.receive(unsampled, "", "request", span_kind::server) == nullptr);
    BOOST_TEST(node.spans.begin(unsampled, "part") == nullptr);
    BOOST_TEST(node.spans.begin("", "part") == nullptr);
    BOOST_TEST(node.spans.begin("00-nonsense", "part") == nullptr);
  }
}

BOOST_AUTO_TEST_CASE(the_ratio_decides_alike_on_every_node_where_there_is_no_caller) {
  const traced_node one(0.25);
  const traced_node other(0.25);
  traced_node made_up;
  constexpr int all = 20'000;
  int taken = 0;
  for (int i = 0; i < all; ++i) {
    const auto id = made_up.ids.next();
    const bool here = one.request(id) != nullptr;
    BOOST_REQUIRE(here == (other.request(id) != nullptr));
    taken += here ? 1 : 0;
  }
  // Six standard deviations of so many throws are 0.018.
  BOOST_TEST(taken > all * 0.23);
  BOOST_TEST(taken < all * 0.27);
  const traced_node none(0);
  BOOST_TEST(none.request("x") == nullptr);
}

BOOST_AUTO_TEST_CASE(ids_of_spans_are_all_different) {
  const traced_node node;
  std::set<std::string> seen;
  for (int i = 0; i < 10'000; ++i) seen.insert(node.request(trace_id)->place.span_id);
  BOOST_TEST(seen.size() == 10'000U);
}

BOOST_AUTO_TEST_CASE(beyond_the_bound_spans_are_dropped_and_told_of) {
  traced_node node(1, 3);
  for (int i = 0; i < 5; ++i) node.spans.end(node.request(trace_id));
  BOOST_TEST(node.spans.waiting() == 3U);
  BOOST_TEST(node.dropped == 2);
  BOOST_TEST(node.spans.take(2).size() == 2U);
  node.spans.end(node.request(trace_id));
  BOOST_TEST(node.spans.take(10).size() == 2U);
  BOOST_TEST(node.dropped == 2);
}

BOOST_AUTO_TEST_CASE(a_waiting_span_is_bounded_too) {
  traced_node node;
  auto made = node.request(trace_id);
  made->note("text", std::string(100'000, 'x'));
  made->failure = std::string(100'000, 'y');
  node.spans.end(std::move(made));
  const auto taken = node.spans.take(1);
  BOOST_TEST(std::get<std::string>(taken.front().attributes.front().second).size() == 1'024U);
  BOOST_TEST(taken.front().failure->size() == 1'024U);
}

BOOST_AUTO_TEST_CASE(a_full_batch_waits_for_nothing_and_a_stop_ends_the_wait) {
  traced_node node;
  std::stop_source stopping;
  for (int i = 0; i < 3; ++i) node.spans.end(node.request(trace_id));
  BOOST_TEST(node.spans.take(2, 24h, stopping.get_token()).size() == 2U);
  std::thread ends([&] { stopping.request_stop(); });
  BOOST_TEST(node.spans.take(2, 24h, stopping.get_token()).empty());
  ends.join();
  BOOST_TEST(node.spans.waiting() == 1U);
}

BOOST_AUTO_TEST_CASE(a_refusal_is_no_fault_and_what_is_in_doubt_stays_so) {
  traced_node node;
  const auto told = [&](outcome_status status) {
    command_context context;
    int called = 0;
    traced(node.spans, node.request(trace_id), context,
           [&](const command_outcome&) { ++called; })(outcome_of(status));
    BOOST_TEST(called == 1);
    auto taken = node.spans.take(1);
    BOOST_TEST_REQUIRE(taken.size() == 1U);
    BOOST_TEST(context.traceparent == to_traceparent(taken.front().place));
    BOOST_TEST(taken.front().attributes.front().first == "troupe.outcome");
    BOOST_TEST(std::get<std::string>(taken.front().attributes.front().second) == to_string(status));
    return taken.front().failure;
  };
  using enum outcome_status;
  for (const auto status :
       {accepted, rejected, invalid, forbidden, not_found, version_mismatch, id_reused})
    BOOST_TEST(!told(status).has_value(), to_string(status));
  for (const auto status : {conflict, overloaded, unavailable, failed, in_doubt})
    BOOST_TEST((told(status) == "why"), to_string(status));
}

BOOST_AUTO_TEST_CASE(where_there_is_no_span_a_command_is_left_as_it_came) {
  traced_node node;
  command_request request;
  request.context.traceparent = unsampled;
  int called = 0;
  const completion done = [&](const command_outcome&) { ++called; };
  traced_request(nullptr, request, "ask ", span_kind::server, done)(command_outcome());
  traced_request(&node.spans, request, "ask ", span_kind::server, done)(command_outcome());
  BOOST_TEST(called == 2);
  BOOST_TEST(request.context.traceparent == unsampled);
  BOOST_TEST(node.spans.waiting() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe
