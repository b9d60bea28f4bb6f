#include <boost/test/unit_test.hpp>

#include <thread>

#include "bridges/http/fake_node.test.hpp"
#include "bridges/http/http_bridge.hpp"
#include "bridges/http/raw_client.test.hpp"

using namespace troupe;
using namespace troupe::http;

namespace {

struct bounded {
  bounded() : bridge(make_http_bridge(node, {})) { BOOST_REQUIRE(bridge->start(nullptr)); }

  /// Sends the bytes, expects a problem, and that nothing reached the application.
  void expect(int status, std::string_view code, std::string_view bytes, bool closes = true) {
    BOOST_TEST_CONTEXT(bytes.substr(0, 200)) {
      raw_client client(bridge->port());
      const auto seen = client.send(bytes).receive();
      BOOST_TEST(seen.status == status);
      BOOST_TEST(seen.header("content-type") == "application/problem+json");
      BOOST_TEST(seen.header("x-trace-id").size() == 32U);
      BOOST_REQUIRE(!seen.body.empty());
      BOOST_TEST(seen.value().at("code").get<std::string>() == code);
      BOOST_TEST(seen.value().at("status") == status);
      BOOST_TEST((seen.header("connection") == "close") == closes);
      if (closes) BOOST_TEST(client.at_end());
      BOOST_TEST(node.fake.submitted().empty());
    }
  }
  void expect_body(int status, std::string_view code, std::string_view body,
                   std::string_view headers = "") {
    expect(status, code, request_text("POST", "/v1/accounts/1/OpenAccount", headers, body), false);
  }

  /// How often a limit was reached, by its flag.
  int reached(const std::string& flag) {
    const auto text = node.metrics().expose();
    const auto name = "troupe_limit_reached_total{limit=\"" + flag + "\"} ";
    const auto at = text.find(name);
    return at == std::string::npos ? 0 : std::stoi(text.substr(at + name.size()));
  }

  fake_node node;
  std::unique_ptr<server_bridge> bridge;
};

std::string post(std::string_view headers, std::string_view body) {
  return std::string(
             "POST /v1/accounts/1/OpenAccount HTTP/1.1\r\nHost: here\r\nContent-Type: "
             "application/json\r\n")
      .append(headers)
      .append("\r\n")
      .append(body);
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(request_bounds, bounded)

BOOST_AUTO_TEST_CASE(a_chunked_body_needs_a_length) {
  expect(411, "length-required", post("Transfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"));
  expect(411, "length-required", post("transfer-encoding: CHUNKED\r\n", "2\r\n{}\r\n0\r\n\r\n"));
}

BOOST_AUTO_TEST_CASE(framing_that_two_servers_may_read_differently_is_refused) {
  expect(400, "malformed", post("Content-Length: 2\r\nContent-Length: 2\r\n", "{}"));
  expect(400, "malformed", post("Content-Length: 2\r\nContent-Length: 3\r\n", "{}"));
  expect(400, "malformed", post("Content-Length: 2, 2\r\n", "{}"));
  expect(400, "malformed", post("Content-Length: +2\r\n", "{}"));
  expect(400, "malformed", post("Content-Length: -2\r\n", "{}"));
  expect(400, "malformed", post("Content-Length: 0x2\r\n", "{}"));
  expect(400, "malformed", post("Content-Length:\r\n", "{}"));
  expect(400, "malformed", post("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "{}"));
  expect(400, "malformed", post("Transfer-Encoding: chunked\r\nContent-Length: 2\r\n", "{}"));
  expect(400, "malformed", post("Transfer-Encoding: gzip, chunked\r\n", "{}"));
  expect(400, "malformed", post("Transfer-Encoding: identity\r\n", "{}"));
  expect(400, "malformed", post("Content-Length : 2\r\n", "{}"));
  expect(400, "malformed", post("X-Folded: a\r\n b\r\nContent-Length: 2\r\n", "{}"));
  expect(400, "malformed", post("Host: there\r\nContent-Length: 2\r\n", "{}"));
  expect(400, "malformed", post("Content-Type: text/plain\r\nContent-Length: 2\r\n", "{}"));
  expect(400, "malformed", "GET /v1/views/owners HTTP/1.1\r\n\r\n");
}

BOOST_AUTO_TEST_CASE(lines_and_their_characters_are_checked) {
  expect(400, "malformed", "GET /v1/views/owners HTTP/1.1\nHost: here\n\n");
  expect(400, "malformed", "GET /v1/views/owners HTTP/1.1\r\nHost: here\nX: y\r\n\r\n");
  expect(400, "malformed", "GET /v1/views/owners HTTP/2.0\r\nHost: here\r\n\r\n");
  expect(400, "malformed", "GET  HTTP/1.1\r\nHost: here\r\n\r\n");
  expect(400, "malformed", "GET /v1/views/a b HTTP/1.1\r\nHost: here\r\n\r\n");
  expect(400, "malformed", "G(T /v1/views/owners HTTP/1.1\r\nHost: here\r\n\r\n");
  expect(400, "malformed", "nonsense\r\n\r\n");
  expect(400, "malformed", "GET / HTTP/1.1\r\nHost: here\r\nno colon\r\n\r\n");
  expect(400, "malformed", "GET / HTTP/1.1\r\nHost: here\r\nX-Note: a\rb\r\n\r\n");
  expect(400, "malformed",
         std::string("GET / HTTP/1.1\r\nHost: here\r\nX-Note: a") + '\0' + "b\r\n\r\n");
  expect(400, "malformed", std::string(33, 'A') + " / HTTP/1.1\r\nHost: here\r\n\r\n");
  expect(404, "not-found", request_text("PROPFIND", "/nothing"), false);
}

BOOST_AUTO_TEST_CASE(an_encoded_line_break_in_a_header_stays_encoded) {
  const auto seen = ask(bridge->port(), "GET", "/v1/accounts/me", "X-Agent: a%0d%0ab\r\n");
  BOOST_TEST(seen.value().at("agent") == "a%0d%0ab");
}

BOOST_AUTO_TEST_CASE(headers_are_bounded_in_number_and_size) {
  const auto with_headers = [](int count, const std::string& value) {
    std::string text = "GET /v1/views/owners HTTP/1.1\r\nHost: here\r\n";
    for (int i = 1; i < count; ++i) text += "X-" + std::to_string(i) + ": " + value + "\r\n";
    return text + "\r\n";
  };
  BOOST_TEST(raw_client(bridge->port()).send(with_headers(100, "1")).receive().status == 200);
  expect(431, "too-many-headers", with_headers(101, "1"));
  expect(431, "headers-too-large", with_headers(2, std::string(17'000, 'x')));
  expect(431, "headers-too-large", with_headers(90, std::string(200, 'x')));
  expect(414, "uri-too-long", request_text("GET", "/v1/views/" + std::string(8'200, 'x')));
  expect(431, "headers-too-large", request_text("GET", "/v1/views/" + std::string(17'000, 'x')));
  expect(431, "headers-too-large", std::string(4'000'000, 'x'));
  BOOST_TEST(reached("max-headers") == 1);
  BOOST_TEST(reached("max-target") == 1);
  BOOST_TEST(reached("max-header-bytes") == 4);
}

BOOST_AUTO_TEST_CASE(a_body_is_bounded) {
  expect(413, "body-too-large", post("Content-Length: 1048577\r\n", ""));
  expect(413, "body-too-large", post("Content-Length: 1048577\r\n", std::string(1'048'577, ' ')));
  expect(413, "body-too-large", post("Content-Length: 99999999999999999999999999\r\n", ""));
  const auto biggest = R"({"a":")" + std::string((1U << 20U) - 8, 'x') + R"("})";
  BOOST_TEST(biggest.size() == 1U << 20U);
  BOOST_TEST(raw_client(bridge->port())
                 .send(post("Content-Length: " + std::to_string(biggest.size()) + "\r\n", biggest))
                 .receive()
                 .status == 200);
  BOOST_TEST(reached("max-body") == 3);
}

BOOST_AUTO_TEST_CASE(a_page_is_bounded) {
  for (const auto* target : {"/v1/views/owners?limit=1001", "/v1/events/accounts?limit=1001"})
    expect(400, "invalid", request_text("GET", target), false);
  BOOST_TEST(reached("max-page") == 2);
  expect(400, "invalid", request_text("GET", "/v1/views/owners?limit=x"), false);
  expect(400, "invalid", request_text("GET", "/v1/views/owners?limit=0"), false);
  BOOST_TEST(reached("max-page") == 2);
  BOOST_TEST(ask(bridge->port(), "GET", "/v1/views/owners?limit=1000").status == 200);
}

BOOST_AUTO_TEST_CASE(an_array_of_envelopes_is_bounded) {
  std::string many = "[0";
  for (int i = 0; i < 1000; ++i) many += ",0";
  expect(400, "invalid", request_text("POST", "/v1/commands", "", many + "]"), false);
  BOOST_TEST(reached("max-envelopes") == 1);
}

BOOST_AUTO_TEST_CASE(a_deadline_that_passes_is_counted) {
  fake_node other;
  other.fake.on_submit = [&other](const command_request& request, const completion& done) {
    while (other.time().monotonic() < request.deadline) std::this_thread::yield();
    done({});
  };
  http_options hurried;
  hurried.deadline = std::chrono::milliseconds(1);
  const auto late = make_http_bridge(other, hurried);
  BOOST_REQUIRE(late->start(nullptr));
  ask(late->port(), "POST", "/v1/accounts/1/OpenAccount", "", "{}");
  // Counted before the connection serves anything else, though perhaps behind the answer.
  late->stop();
  BOOST_TEST(other.metrics().expose().find("troupe_limit_reached_total{limit=\"deadline\"} 1") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_client_that_asks_first_is_told_to_go_on_or_why_not) {
  raw_client client(bridge->port());
  client.send(post("Content-Length: 2\r\nExpect: 100-continue\r\n", ""));
  BOOST_TEST(client.receive(true).status == 100);
  BOOST_TEST(client.send("{}").receive().status == 200);
  BOOST_TEST(raw_client(bridge->port())
                 .send(post("Content-Length: 1048577\r\nExpect: 100-continue\r\n", ""))
                 .receive()
                 .status == 413);
  BOOST_TEST(raw_client(bridge->port())
                 .send(post("Content-Length: 2\r\nExpect: 200-ok\r\n", ""))
                 .receive()
                 .status == 400);
}

BOOST_AUTO_TEST_CASE(a_body_must_say_that_it_is_json_in_utf_8) {
  for (const auto* type :
       {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
        "application/json; charset=latin1", "application/jsonx", "json", "application/+json",
        "application/json, text/plain"}) {
    expect_body(415, "unsupported-media-type", "{}", std::string("Content-Type: ") + type + "\r\n");
  }
  expect(415, "unsupported-media-type",
         "POST /v1/accounts/1/OpenAccount HTTP/1.1\r\nHost: here\r\nContent-Length: 2\r\n\r\n{}",
         false);
  expect_body(415, "unsupported-media-type", "{}", "Content-Encoding: gzip\r\n");
  for (const auto* type :
       {"application/json", "Application/JSON", "application/json; charset=UTF-8",
        "application/json;charset=\"utf-8\"", "application/merge-patch+json"}) {
    BOOST_TEST_CONTEXT(type)
    BOOST_TEST(ask(bridge->port(), "POST", "/v1/accounts/1/OpenAccount",
                   std::string("Content-Type: ") + type + "\r\n", "{}")
                   .status == 200);
  }
}

BOOST_AUTO_TEST_CASE(a_body_must_be_sound_json) {
  for (const auto* body :
       {"{", "{\"a\":1}x", "{'a':1}", "{\"a\":nan}", "{\"a\":\"\xff\"}", "\xef\xbb\xbf{",
        "{\"a\":1e999}", "{\"a\":1,\"a\":2}", "{\"b\":{\"a\":1,\"\\u0061\":2}}"}) {
    expect_body(400, "invalid", body);
  }
  std::string deep = R"({"a":)" + std::string(63, '[') + std::string(63, ']') + "}";
  BOOST_TEST(ask(bridge->port(), "POST", "/v1/accounts", "", deep).status == 200);
  fake_node other;
  auto fresh = make_http_bridge(other, {});
  BOOST_REQUIRE(fresh->start(nullptr));
  deep = R"({"a":)" + std::string(64, '[') + std::string(64, ']') + "}";
  const auto refused = ask(fresh->port(), "POST", "/v1/accounts", "", deep);
  BOOST_TEST(refused.status == 400);
  BOOST_TEST(refused.value().at("detail").get<std::string>().find("64") != std::string::npos);
  BOOST_TEST(ask(fresh->port(), "POST", "/v1/accounts", "", std::string(500'000, '[')).status ==
             400);
  BOOST_TEST(other.fake.submitted().empty());
  BOOST_TEST(other.metrics().expose().find(
                 "troupe_limit_reached_total{limit=\"max-json-depth\"} 2") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(where_json_goes_wrong_is_told) {
  const auto seen = ask(bridge->port(), "POST", "/v1/accounts/1/OpenAccount", "", R"({"a":tru})");
  BOOST_TEST(seen.value().at("detail").get<std::string>().find("at byte") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_target_must_decode) {
  for (const auto* target : {"/v1/views/%", "/v1/views/%4", "/v1/views/%zz", "/v1/views/%u0041",
                             "/v1/views/%ff", "/v1/views/%00", "/v1/views/a%0d%0ab",
                             "/v1/views/%c0%af", "/v1/views/%ed%a0%80", "/v1/views/owners?a=%",
                             "/v1/views/owners?a=%fe", "/v1/views/owners?%00=1", "*", "owners"}) {
    expect(400, "malformed", request_text("GET", target), false);
  }
  std::string many = "/v1/views/owners?a=1";
  for (int i = 0; i < 100; ++i) many += "&a=1";
  expect(400, "malformed", request_text("GET", many), false);
  BOOST_TEST(reached("max-query-parameters") == 1);
  BOOST_TEST(ask(bridge->port(), "GET", "http://elsewhere/v1/views/owners").status == 200);
}

BOOST_AUTO_TEST_CASE(a_connection_serves_many_requests_also_when_they_come_at_once) {
  raw_client client(bridge->port());
  std::string three;
  for (const auto* id : {"1", "2", "3"}) {
    three += request_text("POST", "/v1/accounts/" + std::string(id) + "/OpenAccount", "",
                          R"({"owner":"x"})");
  }
  client.send("\r\n\r\n" + three);
  for (const auto* id : {"1", "2", "3"}) BOOST_TEST(client.receive().value().at("id") == id);
  for (const char c : request_text("GET", "/v1/views/owners")) client.send(std::string_view(&c, 1));
  BOOST_TEST(client.receive().status == 200);
  BOOST_TEST(client.send(request_text("GET", "/v1/views/owners", "Connection: close\r\n"))
                 .receive()
                 .header("connection") == "close");
  BOOST_TEST(client.at_end());

  raw_client old(bridge->port());
  BOOST_TEST(old.send("GET /v1/views/owners HTTP/1.0\r\n\r\n").receive().status == 200);
  BOOST_TEST(old.at_end());
}

BOOST_AUTO_TEST_SUITE_END()
