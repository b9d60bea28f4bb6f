#include <boost/test/unit_test.hpp>

#include <future>
#include <thread>

#include "bridges/http/fake_node.test.hpp"
#include "bridges/http/http_bridge.hpp"
#include "bridges/http/raw_client.test.hpp"

using namespace troupe;
using namespace troupe::http;

namespace {

/// A node whose commands wait until the test answers them.
struct holding_node : fake_node {
  holding_node() {
    fake.on_submit = [this](const command_request& request, completion done) {
      const std::lock_guard lock(mutex);
      held.emplace_back(request, std::move(done));
    };
  }
  void answer_all() {
    std::vector<std::pair<command_request, completion>> taken;
    {
      const std::lock_guard lock(mutex);
      taken.swap(held);
    }
    for (auto& [request, done] : taken) done(fake_application::usual(request));
  }

  std::mutex mutex;
  std::vector<std::pair<command_request, completion>> held;
};

std::string a_command() { return request_text("POST", "/v1/accounts/1/OpenAccount", "", "{}"); }

void wait_for_connections(const server_bridge& bridge, int count) {
  while (bridge.describe().at("connections") != count) std::this_thread::yield();
}

/// The listening socket of this process with this port.
int listening_socket(int port) {
  for (int socket = 3; socket < 1024; ++socket) {
    int listening = 0;
    socklen_t size = sizeof(listening);
    if (::getsockopt(socket, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || listening == 0)
      continue;
    sockaddr_in address{};
    size = sizeof(address);
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
    if (ntohs(address.sin_port) == port) return socket;
  }
  return -1;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(server)

BOOST_AUTO_TEST_CASE(it_is_named_and_describes_itself) {
  fake_node node;
  auto bridge = make_http_bridge(node, {});
  BOOST_TEST(bridge->name() == "http");
  BOOST_TEST(make_admin_bridge(node, {})->name() == "admin");
  BOOST_TEST(bridge->port() == 0);
  BOOST_REQUIRE(bridge->start(nullptr));
  BOOST_TEST(bridge->port() > 0);
  BOOST_TEST(bridge->describe().at("address") == "127.0.0.1:" + std::to_string(bridge->port()));
  raw_client client(bridge->port());
  client.send(request_text("GET", "/v1/views/owners")).receive();
  const auto described = bridge->describe();
  BOOST_TEST(described.at("connections") == 1);
  BOOST_TEST(described.at("rejected") == 0);
  BOOST_TEST(described.at("listening") == true);
}

BOOST_AUTO_TEST_CASE(a_busy_port_is_an_error_that_names_the_mend) {
  fake_node node;
  auto first = make_http_bridge(node, {});
  BOOST_REQUIRE(first->start(nullptr));
  http_options same;
  same.port = first->port();
  auto second = make_http_bridge(node, same);
  const auto refused = second->start(nullptr);
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().message ==
             "address 127.0.0.1:" + std::to_string(same.port) +
                 " is in use; stop the other program or choose another --http");
  const auto admin = make_admin_bridge(node, same)->start(nullptr);
  BOOST_TEST(admin.error().message.ends_with("choose another --admin"));
  second->stop();
  first->stop();
  BOOST_TEST(!!second->start(nullptr));
}

BOOST_AUTO_TEST_CASE(an_address_of_nobody_is_an_error) {
  fake_node node;
  http_options options;
  options.host = "192.0.2.1";
  options.port = 1;
  BOOST_TEST(make_http_bridge(node, options)
                 ->start(nullptr)
                 .error()
                 .message.find("192.0.2.1:1 cannot be listened on") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(it_starts_again_after_a_stop_on_the_same_port) {
  fake_node node;
  http_options options;
  {
    auto probe = make_http_bridge(node, {});
    BOOST_REQUIRE(probe->start(nullptr));
    options.port = probe->port();
  }
  auto bridge = make_http_bridge(node, options);
  for (int round = 0; round < 5; ++round) {
    BOOST_REQUIRE(bridge->start(nullptr));
    raw_client client(options.port);
    BOOST_TEST(client.send(a_command()).receive().status == 200);
    bridge->stop();
    bridge->stop();
    BOOST_TEST(client.at_end());
    BOOST_TEST(bridge->port() == 0);
    BOOST_TEST(!raw_client(options.port).connected());
  }
}

BOOST_AUTO_TEST_CASE(a_stop_right_after_the_start_ends) {
  fake_node node;
  auto bridge = make_http_bridge(node, {});
  for (int round = 0; round < 50; ++round) {
    BOOST_REQUIRE(bridge->start([](const std::string& why) { BOOST_ERROR(why); }));
    bridge->stop();
  }
}

BOOST_AUTO_TEST_CASE(a_stop_does_not_wait_for_what_is_in_flight) {
  holding_node node;
  http_options patient;
  patient.deadline = std::chrono::hours(1);
  auto bridge = make_http_bridge(node, patient);
  BOOST_REQUIRE(bridge->start(nullptr));
  raw_client one(bridge->port());
  raw_client batch(bridge->port());
  raw_client idle(bridge->port());
  raw_client half(bridge->port());
  one.send(a_command());
  batch.send(request_text("POST", "/v1/commands", "",
                          R"([{"id":"c1","type":"OpenAccount","metadata":{},"data":{}}])"));
  half.send("POST /v1/accounts");
  node.fake.wait_for_submissions(2);
  bridge->stop();  // Would take an hour.
  BOOST_TEST(idle.at_end());
  BOOST_TEST(half.receive().status == 0);
  node.answer_all();  // Too late, and harmless.

  node.fake.on_submit = nullptr;
  BOOST_REQUIRE(bridge->start(nullptr));
  BOOST_TEST(raw_client(bridge->port()).send(a_command()).receive().status == 200);
}

BOOST_AUTO_TEST_CASE(draining_answers_what_is_in_flight_and_closes_the_rest) {
  holding_node node;
  auto bridge = make_http_bridge(node, {});
  BOOST_REQUIRE(bridge->start(nullptr));
  const int port = bridge->port();
  raw_client busy(port);
  raw_client idle(port);
  busy.send(a_command());
  node.fake.wait_for_submissions(1);
  wait_for_connections(*bridge, 2);
  auto drained = std::async(std::launch::async, [&] { bridge->drain(); });
  BOOST_TEST(idle.at_end());
  BOOST_TEST((drained.wait_for(std::chrono::seconds(0)) == std::future_status::timeout));
  const auto turned_away = raw_client(port).send(a_command()).receive();
  BOOST_TEST(turned_away.status == 503);
  BOOST_TEST(turned_away.value().at("code") == "draining");
  BOOST_TEST(turned_away.header("retry-after") == "1");
  BOOST_TEST(turned_away.header("connection") == "close");
  node.answer_all();
  const auto seen = busy.receive();
  BOOST_TEST(seen.status == 200);
  BOOST_TEST(seen.header("connection") == "close");
  BOOST_TEST(busy.at_end());
  drained.get();
  BOOST_TEST(!raw_client(port).connected());
  BOOST_TEST(bridge->describe().at("connections") == 0);
  bridge->stop();
}

BOOST_AUTO_TEST_CASE(draining_reads_to_the_end_what_has_begun) {
  fake_node node;
  auto bridge = make_http_bridge(node, {});
  BOOST_REQUIRE(bridge->start(nullptr));
  raw_client idle(bridge->port());
  raw_client half(bridge->port());
  half.send(
      "POST /v1/accounts/1/OpenAccount HTTP/1.1\r\nHost: here\r\nContent-Type: "
      "application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  BOOST_TEST(half.receive(true).status == 100);
  wait_for_connections(*bridge, 2);
  auto drained = std::async(std::launch::async, [&] { bridge->drain(); });
  wait_for_connections(*bridge, 1);  // The idle one has gone.
  BOOST_TEST(half.send("{}").receive().status == 200);
  drained.get();
}

BOOST_AUTO_TEST_CASE(a_stop_ends_a_drain) {
  holding_node node;
  auto bridge = make_http_bridge(node, {});
  BOOST_REQUIRE(bridge->start(nullptr));
  raw_client busy(bridge->port());
  busy.send(a_command());
  node.fake.wait_for_submissions(1);
  auto drained = std::async(std::launch::async, [&] { bridge->drain(); });
  while (bridge->describe().at("listening") == true) std::this_thread::yield();
  bridge->stop();
  drained.get();
  node.answer_all();
}

BOOST_AUTO_TEST_CASE(requests_that_come_together_are_answered_in_their_order) {
  fake_node node;
  auto bridge = make_http_bridge(node, {});
  BOOST_REQUIRE(bridge->start(nullptr));
  raw_client client(bridge->port());
  std::string together;
  for (int i = 0; i < 50; ++i) {
    together += a_command();
    together += request_text("GET", "/v1/nothing/at/all/" + std::to_string(i));
  }
  client.send(together);
  for (int i = 0; i < 50; ++i) {
    BOOST_TEST(client.receive().status == 200);
    BOOST_TEST(client.receive().status == 404);
  }
}

BOOST_AUTO_TEST_CASE(a_peer_that_takes_its_answer_late_gets_it_whole_and_holds_up_nobody) {
  fake_node node;
  const std::string long_text(8 << 20U, 'x');
  node.fake.on_submit = [&](const command_request& request, completion done) {
    auto outcome = fake_application::usual(request);
    if (request.id == "long") outcome.events = {{"e1", long_text, 2}};
    done(std::move(outcome));
  };
  http_options patient;
  patient.write_timeout = std::chrono::seconds(60);
  auto bridge = make_http_bridge(node, patient);
  BOOST_REQUIRE(bridge->start(nullptr));
  raw_client slow(bridge->port());
  slow.send(request_text("POST", "/v1/accounts/long/OpenAccount", "", "{}") + a_command());
  BOOST_TEST(ask(bridge->port(), "POST", "/v1/accounts/1/OpenAccount", "", "{}").status == 200);
  BOOST_TEST(slow.receive().body.size() > long_text.size());
  BOOST_TEST(slow.receive().status == 200);
}

BOOST_AUTO_TEST_CASE(a_command_without_an_outcome_is_answered_at_its_deadline) {
  holding_node node;
  http_options hasty;
  hasty.deadline = std::chrono::milliseconds(50);
  auto bridge = make_http_bridge(node, hasty);
  BOOST_REQUIRE(bridge->start(nullptr));
  raw_client client(bridge->port());
  const auto late = client.send(a_command()).receive();
  BOOST_TEST(late.status == 503);
  BOOST_TEST(late.value().at("code") == "outcome-unknown");
  node.answer_all();  // Too late, and not an answer to the next one.
  node.fake.on_submit = nullptr;
  BOOST_TEST(client.send(a_command()).receive().status == 200);
}

BOOST_AUTO_TEST_CASE(stalled_connections_do_not_keep_others_waiting) {
  holding_node node;
  auto bridge = make_http_bridge(node, {});
  BOOST_REQUIRE(bridge->start(nullptr));
  std::vector<raw_client> stalled;
  for (int i = 0; i < 60; ++i) {
    stalled.emplace_back(bridge->port());
    if (i % 3 == 1) stalled.back().send("POST /v1/acc");
    if (i % 3 == 2)
      stalled.back().send(
          "POST /v1/accounts/1/OpenAccount HTTP/1.1\r\nHost: here\r\nContent-Type: "
          "application/json\r\nContent-Length: 2\r\n\r\n{");
  }
  wait_for_connections(*bridge, 60);
  BOOST_TEST(ask(bridge->port(), "GET", "/v1/views/owners").status == 200);
  BOOST_TEST(node.fake.submitted().empty());
}

BOOST_AUTO_TEST_CASE(a_request_that_stays_half_is_given_up) {
  fake_node node;
  http_options hasty;
  hasty.read_timeout = std::chrono::seconds(1);
  auto bridge = make_http_bridge(node, hasty);
  BOOST_REQUIRE(bridge->start(nullptr));
  raw_client head(bridge->port());
  raw_client body(bridge->port());
  head.send("GET / HTTP/1.1\r\n");
  body.send(
      "POST /v1/accounts HTTP/1.1\r\nHost: here\r\nContent-Type: "
      "application/json\r\nContent-Length: 2\r\n\r\n{");
  BOOST_TEST(head.receive().value().at("code") == "request-timeout");
  BOOST_TEST(body.receive().status == 408);
  BOOST_TEST(head.at_end());
}

BOOST_AUTO_TEST_CASE(connections_beyond_the_limit_are_turned_away_at_once) {
  fake_node node;
  http_options small;
  small.max_connections = 2;
  auto bridge = make_http_bridge(node, small);
  BOOST_REQUIRE(bridge->start(nullptr));
  raw_client first(bridge->port());
  {
    raw_client second(bridge->port());
    wait_for_connections(*bridge, 2);
    for (int i = 0; i < 100; ++i) {
      raw_client third(bridge->port());
      const auto seen = third.send(a_command()).receive();
      BOOST_TEST(seen.status == 503);
      BOOST_TEST(seen.header("retry-after") == "1");
      BOOST_TEST(seen.header("connection") == "close");
      BOOST_TEST(seen.header("content-type") == "application/problem+json");
      BOOST_TEST(seen.value() ==
                 problem(503, "overloaded", "too many connections; try again later").body);
      BOOST_TEST(third.at_end());
    }
    BOOST_TEST(first.send(a_command()).receive().status == 200);
  }
  wait_for_connections(*bridge, 1);
  BOOST_TEST(bridge->describe().at("rejected") == 100);
  BOOST_TEST(node.metrics().expose().find(
                 R"(troupe_http_rejected_total{reason="too-many-connections"} 100)") !=
             std::string::npos);
  // The thread of the one that left may be a moment away from being free.
  int status = 503;
  while (status == 503) status = ask(bridge->port(), "GET", "/v1/views/owners").status;
  BOOST_TEST(status == 200);
}

BOOST_AUTO_TEST_CASE(a_listening_socket_that_breaks_is_reported_and_a_restart_mends_it) {
  fake_node node;
  auto bridge = make_http_bridge(node, {});
  std::promise<std::string> reported;
  BOOST_REQUIRE(bridge->start([&](std::string why) { reported.set_value(std::move(why)); }));
  ::shutdown(listening_socket(bridge->port()), SHUT_RDWR);
  BOOST_TEST(reported.get_future().get().find("broke down") != std::string::npos);
  bridge->stop();
  BOOST_REQUIRE(bridge->start(nullptr));
  BOOST_TEST(ask(bridge->port(), "GET", "/v1/views/owners").status == 200);
}

BOOST_AUTO_TEST_CASE(many_clients_at_once_are_all_answered) {
  fake_node node;
  auto bridge = make_http_bridge(node, {});
  BOOST_REQUIRE(bridge->start(nullptr));
  std::vector<std::future<int>> clients;
  for (int i = 0; i < 32; ++i) {
    clients.push_back(std::async(std::launch::async, [port = bridge->port()] {
      raw_client client(port);
      int fine = 0;
      for (int n = 0; n < 50; ++n) fine += client.send(a_command()).receive().status == 200 ? 1 : 0;
      return fine;
    }));
  }
  for (auto& client : clients) BOOST_TEST(client.get() == 50);
  BOOST_TEST(node.fake.submitted().size() == 1600U);
}

BOOST_AUTO_TEST_SUITE_END()
