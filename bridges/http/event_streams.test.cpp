#include <boost/test/unit_test.hpp>

#include <chrono>
#include <thread>

#include "bridges/http/fake_node.test.hpp"
#include "bridges/http/http_bridge.hpp"
#include "bridges/http/raw_client.test.hpp"

using namespace troupe;
using namespace troupe::http;
using namespace std::chrono_literals;

namespace {

/// How long a test waits for what must happen; it never decides whether something happened.
constexpr auto patience = 60s;

constexpr const char* as_stream = "Accept: text/event-stream\r\n";

struct streaming {
  explicit streaming(http_options options = {})
      : bridge(make_http_bridge(node, std::move(options))) {
    BOOST_REQUIRE(bridge->start(nullptr));
  }

  /// A stream behind its head and its first words.
  raw_client open(const std::string& target, const std::string& headers = "") {
    raw_client client(bridge->port());
    client.send(request_text("GET", target, as_stream + headers));
    const auto head = client.receive_head();
    BOOST_REQUIRE(head.status == 200);
    BOOST_TEST(head.header("content-type") == "text/event-stream");
    BOOST_TEST(head.header("connection") == "close");
    BOOST_TEST(client.receive_event() == "retry: 1000");
    return client;
  }

  answer_seen refused(const std::string& target, const std::string& headers = "") {
    return ask(bridge->port(), "GET", target, as_stream + headers);
  }

  /// Waits until so many streams are open.
  bool has_streams(int count) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (bridge->describe().at("streams") != count) {
      if (std::chrono::steady_clock::now() > until) return false;
      std::this_thread::sleep_for(1ms);
    }
    return true;
  }

  fake_node node;
  std::unique_ptr<server_bridge> bridge;
};

std::string id_of(const std::string& event) {
  BOOST_TEST_REQUIRE(event.starts_with("id: "), event);
  return event.substr(4, event.find('\n') - 4);
}

json data_of(const std::string& event) {
  const auto at = event.find("data: ");
  BOOST_TEST_REQUIRE(at != std::string::npos, event);
  return json::parse(event.substr(at + 6));
}

http_options with_fast_heartbeat() {
  http_options options;
  options.heartbeat = 1ms;
  return options;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(event_streams)

BOOST_AUTO_TEST_CASE(a_categorys_events_come_first_from_the_log_and_then_as_they_happen) {
  streaming on;
  auto client = on.open("/v1/events/accounts?from=2");
  const auto first = client.receive_event();
  BOOST_TEST(id_of(first) == "4.1");
  BOOST_TEST(data_of(first).at("id") == "e1");
  BOOST_TEST(data_of(first).at("position") == 4);
  BOOST_TEST(id_of(client.receive_event()) == "4");
  on.node.fake.grow(9, 1);
  const auto live = client.receive_event();
  BOOST_TEST(id_of(live) == "9");
  BOOST_TEST(data_of(live).at("stream") == "accounts.1");
  on.node.fake.grow(12, 3);
  for (const auto* id : {"12.1", "12.2", "12"}) BOOST_TEST(id_of(client.receive_event()) == id);
}

BOOST_AUTO_TEST_CASE(a_stream_resumes_behind_any_of_its_events) {
  streaming on;
  on.node.fake.grow(9, 3);
  const auto next = [&](const std::string& last) {
    auto client = on.open("/v1/events/accounts?from=1", "Last-Event-ID: " + last + "\r\n");
    return id_of(client.receive_event());
  };
  BOOST_TEST(next("0") == "4.1");
  BOOST_TEST(next("4.1") == "4");
  BOOST_TEST(next("4") == "9.1");
  BOOST_TEST(next("9.1") == "9.2");
  BOOST_TEST(next("9.2") == "9");
  auto client = on.open("/v1/events/accounts", "Last-Event-ID: 9\r\n");
  on.node.fake.grow(10, 1);
  BOOST_TEST(id_of(client.receive_event()) == "10");
  for (const auto* wrong : {"x", "4.", "4.x", "-1", ".1", "4.1.1"}) {
    BOOST_TEST_CONTEXT(wrong)
    BOOST_TEST(
        on.refused("/v1/events/accounts", "Last-Event-ID: " + std::string(wrong) + "\r\n").status ==
        400);
  }
}

BOOST_AUTO_TEST_CASE(a_row_comes_now_and_after_every_change) {
  streaming on;
  auto client = on.open("/v1/views/owners/4711");
  const auto now = client.receive_event();
  BOOST_TEST(id_of(now) == "7");
  BOOST_TEST(data_of(now) == json({{"id", "4711"}, {"owner", "Zoë"}}));
  on.node.fake.change_row("Zoë", 8);  // Not a change of the row.
  on.node.fake.change_row("Wash", 9);
  const auto changed = client.receive_event();
  BOOST_TEST(data_of(changed).at("owner") == "Wash");
  on.node.fake.change_row(std::nullopt, 10);
  BOOST_TEST(client.receive_event().ends_with("\nevent: removed\ndata: null"));
  on.node.fake.change_row("Book", 11);
  BOOST_TEST(data_of(client.receive_event()).at("owner") == "Book");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_streamed_is_refused_before_a_stream_begins) {
  streaming on;
  BOOST_TEST(on.refused("/v1/events/nobody").status == 404);
  BOOST_TEST(on.refused("/v1/events/torn").status == 500);
  BOOST_TEST(on.refused("/v1/views/owners/nobody").status == 404);
  BOOST_TEST(on.refused("/v1/views/nothing/1").status == 404);
  BOOST_TEST(on.refused("/v1/views/owners/4711", "X-Min-Position: others:1\r\n").status == 400);
  BOOST_TEST(on.refused("/v1/events/accounts?from=x").status == 400);
}

BOOST_AUTO_TEST_CASE(a_silent_stream_shows_signs_of_life) {
  streaming on(with_fast_heartbeat());
  auto client = on.open("/v1/events/accounts?from=5");
  for (int beats = 0; beats < 3; ++beats) BOOST_TEST(client.receive_event() == ":");
}

BOOST_AUTO_TEST_CASE(a_stream_ends_when_its_reader_leaves) {
  streaming on;
  {
    const auto one = on.open("/v1/events/accounts?from=5");
    const auto other = on.open("/v1/views/owners/4711");
    BOOST_TEST(on.has_streams(2));
  }
  BOOST_TEST(on.has_streams(0));
}

BOOST_AUTO_TEST_CASE(a_reader_that_does_not_read_is_cut_off) {
  http_options options;
  options.write_timeout = 1s;
  streaming on(options);
  on.node.fake.endless = true;
  raw_client client(on.bridge->port());
  client.send(request_text("GET", "/v1/events/accounts", as_stream));
  BOOST_TEST(client.receive_head().status == 200);
  BOOST_TEST(on.has_streams(0));
}

BOOST_AUTO_TEST_CASE(streams_are_bounded_and_leave_room_for_requests) {
  http_options options;
  options.max_streams = 2;
  streaming on(options);
  auto one = on.open("/v1/events/accounts?from=5");
  {
    const auto other = on.open("/v1/views/owners/4711");
    const auto third = on.refused("/v1/events/accounts");
    BOOST_TEST(third.status == 503);
    BOOST_TEST(third.value().at("code") == "too-many-streams");
    BOOST_TEST(third.header("retry-after") == "5");
    BOOST_TEST(ask(on.bridge->port(), "GET", "/v1/views/owners/4711").status == 200);
  }
  BOOST_TEST(on.has_streams(1));
  on.open("/v1/events/accounts");
  on.node.fake.grow(9, 1);
  BOOST_TEST(id_of(one.receive_event()) == "9");

  http_options narrow;
  narrow.max_connections = 5;
  streaming most(narrow);
  const auto first = most.open("/v1/events/accounts?from=5");
  const auto second = most.open("/v1/events/accounts?from=5");
  BOOST_TEST(most.refused("/v1/events/accounts").status == 503);
}

BOOST_AUTO_TEST_CASE(draining_and_stopping_end_streams_between_two_events) {
  for (const bool gently : {true, false}) {
    streaming on;
    auto client = on.open("/v1/events/accounts?from=4");
    BOOST_TEST(id_of(client.receive_event()) == "4.1");
    BOOST_TEST(id_of(client.receive_event()) == "4");
    if (gently) on.bridge->drain();
    on.bridge->stop();
    BOOST_TEST(client.at_end());
  }
}

BOOST_AUTO_TEST_CASE(draining_ends_a_stream_that_is_catching_up) {
  streaming on;
  on.node.fake.endless = true;
  raw_client client(on.bridge->port());
  client.send(request_text("GET", "/v1/events/accounts", as_stream));
  BOOST_TEST(client.receive_head().status == 200);
  std::thread reading([&] {
    while (!client.receive_event().empty()) {
    }
  });
  BOOST_TEST(on.has_streams(1));
  on.bridge->drain();
  reading.join();
}

BOOST_AUTO_TEST_CASE(a_stream_may_be_read_by_an_allowed_origin_and_has_no_body_for_head) {
  http_options options;
  options.cors_origins = {"https://app.example"};
  streaming on(options);
  raw_client client(on.bridge->port());
  client.send(request_text("GET", "/v1/events/accounts",
                           std::string(as_stream) + "Origin: https://app.example\r\n"));
  BOOST_TEST(client.receive_head().header("access-control-allow-origin") == "https://app.example");
  raw_client head(on.bridge->port());
  head.send(request_text("HEAD", "/v1/events/accounts", as_stream));
  BOOST_TEST(head.receive_head().status == 200);
  BOOST_TEST(head.at_end());
}

BOOST_AUTO_TEST_SUITE_END()
