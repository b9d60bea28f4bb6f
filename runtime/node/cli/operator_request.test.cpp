#include "runtime/node/cli/operator_request.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe {
namespace {

operator_command asked(const std::string& name, const std::string& target = "") {
  operator_command command;
  command.name = name;
  command.http = "127.0.0.1:8080";
  command.admin = "127.0.0.1:9090";
  command.target = target;
  command.command_id = "one";
  command.data = "{}";
  command.type = "LockAccount";
  return command;
}

std::string target_of(const operator_command& command, const json& next = nullptr) {
  const auto made = request_for(command, next);
  BOOST_REQUIRE(made);
  return made->method + ' ' + made->url + made->target;
}

std::string refusal(const operator_command& command) {
  const auto made = request_for(command);
  BOOST_REQUIRE(!made);
  BOOST_TEST((made.error().code == errc::invalid));
  return made.error().message;
}

BOOST_AUTO_TEST_SUITE(requests_of_the_command_line)

BOOST_AUTO_TEST_CASE(a_node_is_named_by_url_or_address) {
  BOOST_TEST(*node_url("127.0.0.1:9090") == "http://127.0.0.1:9090");
  BOOST_TEST(*node_url("http://localhost:9090/") == "http://localhost:9090");
  BOOST_TEST(*node_url("https://troupe.example.com") == "https://troupe.example.com:443");
  BOOST_TEST(*node_url("[::1]:9090") == "http://[::1]:9090");
  // What a node in a pod listens on.
  BOOST_TEST(*node_url("0.0.0.0:8080") == "http://127.0.0.1:8080");
  BOOST_TEST(*node_url("[::]:8080") == "http://[::1]:8080");
  for (const auto* text : {"", "9090", "nats://h:1", "http://", "http://h:1/admin", "h:0",
                           "h:99999", "http://u@h:1", "h\r\n:1", "http://h?:1"})
    BOOST_TEST(!node_url(text), text);
}

BOOST_AUTO_TEST_CASE(every_command_has_its_request) {
  BOOST_TEST(target_of(asked("command", "identity/zoe")) ==
             "POST http://127.0.0.1:8080/v1/identity/zoe/LockAccount");
  BOOST_TEST(target_of(asked("command", "identity")) ==
             "POST http://127.0.0.1:8080/v1/identity/LockAccount");
  const std::string admin = "http://127.0.0.1:9090/admin";
  BOOST_TEST(target_of(asked("inspect actors")) == "GET " + admin + "/actors?limit=100");
  BOOST_TEST(target_of(asked("inspect actors"), "/log/writer") ==
             "GET " + admin + "/actors?limit=100&after=%2Flog%2Fwriter");
  BOOST_TEST(target_of(asked("inspect actor", "/log/writer")) ==
             "GET " + admin + "/actors/log/writer");
  BOOST_TEST(target_of(asked("inspect actor", "log/a b?c")) ==
             "GET " + admin + "/actors/log/a%20b%3Fc");
  BOOST_TEST(target_of(asked("inspect stream", "identity/zoe")) ==
             "GET " + admin + "/streams/identity/zoe?from=1&limit=100");
  BOOST_TEST(target_of(asked("inspect stream", "identity/zoe"), 101) ==
             "GET " + admin + "/streams/identity/zoe?from=101&limit=100");
  BOOST_TEST(target_of(asked("inspect projections")) == "GET " + admin + "/projections");
  BOOST_TEST(target_of(asked("inspect dead-letters"), 7) ==
             "GET " + admin + "/dead-letters?limit=100&after=7");
  BOOST_TEST(target_of(asked("inspect cluster")) == "GET " + admin + "/cluster");
  BOOST_TEST(target_of(asked("projection rebuild", "users")) ==
             "POST " + admin + "/projections/users/rebuild");
  BOOST_TEST(target_of(asked("dead-letter retry", "users.17")) ==
             "POST " + admin + "/dead-letters/users.17/retry");
  auto then = asked("inspect entity", "identity/zoe");
  BOOST_TEST(target_of(then) == "GET " + admin + "/entities/identity/zoe");
  then.version = 3;
  BOOST_TEST(target_of(then) == "GET " + admin + "/entities/identity/zoe?version=3");
}

BOOST_AUTO_TEST_CASE(a_list_is_asked_for_in_pages_that_a_node_gives) {
  auto many = asked("inspect actors");
  many.limit = 5'000;
  BOOST_TEST(target_of(many) == "GET http://127.0.0.1:9090/admin/actors?limit=1000");
}

BOOST_AUTO_TEST_CASE(a_command_is_sent_with_its_id_and_its_conditions) {
  auto command = asked("command", "identity/zoe");
  command.data = R"({"reason":"lost phone"})";
  command.if_version = 4;
  command.as = "auth0|zoe";
  const auto made = request_for(command);
  BOOST_REQUIRE(made);
  BOOST_TEST(made->body == command.data);
  using header = std::pair<std::string, std::string>;
  const std::vector<header> expected{{"Content-Type", "application/json"},
                                     {"Idempotency-Key", "one"},
                                     {"If-Match", "\"4\""},
                                     {"X-Debug-Sub", "auth0|zoe"}};
  BOOST_TEST((made->headers == expected));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_asked_is_refused_by_name) {
  BOOST_TEST(refusal(asked("command", "Identity/zoe")).starts_with("CATEGORY: "));
  BOOST_TEST(refusal(asked("command", "identity/zoë")).starts_with("ID: "));
  BOOST_TEST(refusal(asked("inspect entity", "identity")).starts_with("CATEGORY/ID: "));
  BOOST_TEST(refusal(asked("inspect stream", "identity/a/b")).starts_with("CATEGORY/ID: "));
  auto command = asked("command", "identity/zoe");
  command.data = "{reason}";
  BOOST_TEST(refusal(command).starts_with("JSON: "));
  command = asked("command", "identity/zoe");
  command.as = "zoe\r\nX-Other: 1";
  BOOST_TEST(refusal(command).starts_with("--as: "));
  command = asked("command", "identity/zoe");
  command.command_id = "a b";
  BOOST_TEST(refusal(command).starts_with("--command-id: "));
  command = asked("command", "identity/zoe");
  command.http = "nats://127.0.0.1:4222";
  BOOST_TEST(refusal(command).starts_with("--http: "));
  auto cluster = asked("inspect cluster");
  cluster.admin = "nowhere";
  BOOST_TEST(refusal(cluster).starts_with("--admin: "));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
