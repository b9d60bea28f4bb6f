#include "bridges/http/browser_guard.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe::http;

namespace {

/// "" when the request is served, else the refusal's status.
std::string guard_says(const std::string& method, const std::string& headers,
                       std::vector<std::string> hosts = {"localhost", "127.0.0.1", "::1"},
                       std::vector<std::string> origins = {}) {
  auto text = method + " / HTTP/1.1\r\n" + headers + "\r\n";
  auto parsed = parse_head(text, {});
  BOOST_REQUIRE(std::holds_alternative<request_head>(parsed));
  const auto refused =
      browser_guard(std::move(hosts))
          .refuses(std::get<request_head>(parsed), cors_policy(std::move(origins)));
  return refused ? std::to_string(refused->status) : "";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(browser_guards)

BOOST_AUTO_TEST_CASE(a_host_that_is_not_the_nodes_own_is_refused) {
  for (const auto* own :
       {"localhost", "LocalHost:8080", "127.0.0.1:9090", "[::1]", "[::1]:1", "localhost.:80"}) {
    BOOST_TEST(guard_says("GET", std::string("Host: ") + own + "\r\n") == "", own);
  }
  for (const auto* rebound : {"evil.example", "evil.example:9090", "localhost.evil.example",
                              "127.0.0.1.evil.example", "", ":8080", "[::1", "a@localhost"}) {
    BOOST_TEST(guard_says("GET", std::string("Host: ") + rebound + "\r\n") == "403", rebound);
    BOOST_TEST(guard_says("GET", std::string("Host: ") + rebound + "\r\n", {}) == "", rebound);
  }
  BOOST_TEST(guard_says("GET", "Host: api.example\r\n", {"api.example"}) == "");
}

BOOST_AUTO_TEST_CASE(another_origins_page_may_look_but_change_nothing) {
  const std::string host = "Host: localhost:9090\r\n";
  for (const auto* mark :
       {"Origin: https://evil.example\r\n", "Origin: null\r\n", "Origin: http://localhost:5173\r\n",
        "Sec-Fetch-Site: cross-site\r\n", "Sec-Fetch-Site: same-site\r\n"}) {
    for (const auto* method : {"POST", "PUT", "DELETE", "PATCH", "BREW"})
      BOOST_TEST(guard_says(method, host + mark) == "403", method << ' ' << mark);
    BOOST_TEST(guard_says("GET", host + mark) == "", mark);
  }
  BOOST_TEST(guard_says("POST", host) == "");
  BOOST_TEST(guard_says("POST", host + "Origin: http://localhost:9090\r\n") == "");
  BOOST_TEST(guard_says("POST", host + "Sec-Fetch-Site: same-origin\r\n") == "");
}

BOOST_AUTO_TEST_CASE(an_origin_that_cors_allows_may_change_things) {
  const std::string page =
      "Host: localhost\r\nOrigin: https://app.example\r\nSec-Fetch-Site: cross-site\r\n";
  BOOST_TEST(guard_says("POST", page, {}, {"https://app.example"}) == "");
  BOOST_TEST(guard_says("POST", page, {}, {"*"}) == "");
  BOOST_TEST(guard_says("POST", page, {}, {"https://other.example"}) == "403");
}

BOOST_AUTO_TEST_SUITE_END()
