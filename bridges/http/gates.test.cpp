#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <set>

#include <unistd.h>

#include "bridges/http/admin_tokens.hpp"
#include "bridges/http/fake_node.test.hpp"
#include "bridges/http/http_bridge.hpp"
#include "bridges/http/raw_client.test.hpp"

using namespace troupe;
using namespace troupe::http;

namespace {

constexpr const char* anna = "Authorization: Bearer annas-long-enough-token\r\n";

/// A file of tokens, gone with this.
class token_file {
 public:
  explicit token_file(const std::string& text)
      : path_(std::filesystem::temp_directory_path() /
              ("troupe-tokens-" + std::to_string(::getpid()))) {
    std::ofstream(path_) << text;
  }
  ~token_file() { std::filesystem::remove(path_); }
  token_file(const token_file&) = delete;
  token_file& operator=(const token_file&) = delete;
  [[nodiscard]] result<admin_tokens> read() const { return admin_tokens::read(path_); }

 private:
  std::filesystem::path path_;
};

http_options guarded_admin(bool reads) {
  http_options options;
  options.admin =
      std::make_shared<const admin_tokens>(*token_file("anna:annas-long-enough-token\n").read());
  options.admin_reads_guarded = reads;
  return options;
}

/// "GET /admin/actors/{path...}" with something in its parameters.
std::pair<std::string, std::string> request_for(const std::string& route) {
  const auto space = route.find(' ');
  auto path = route.substr(space + 1);
  for (auto open = path.find('{'); open != std::string::npos; open = path.find('{'))
    path.replace(open, path.find('}') - open + 1, "x");
  return {route.substr(0, space), path};
}

/// Knows one token, and whether it can be waited for.
class one_token final : public authenticator {
 public:
  token_verdict check(std::string_view token, waiting may_wait) override {
    if (token == "good") return {token_verdict::outcome::accepted, {"zoe", {"user"}}, until, ""};
    if (token == "away") return {token_verdict::outcome::unavailable, {}, {}, "no-keys"};
    if (token == "slow" && may_wait == waiting::forbidden)
      return {token_verdict::outcome::must_wait, {}, {}, ""};
    if (token == "slow") return {token_verdict::outcome::accepted, {"max", {}}, until, ""};
    return {token_verdict::outcome::refused, {}, {}, "signature"};
  }
  timestamp until = system_clock().now() + std::chrono::hours(1);
};

struct guarded_node {
  explicit guarded_node(bool admin_reads = true)
      : admin(make_admin_bridge(node, guarded_admin(admin_reads))) {
    http_options options;
    options.tokens = tokens;
    options.cors_origins = {"https://app.example"};
    app = make_http_bridge(node, options);
    BOOST_REQUIRE(admin->start(nullptr));
    BOOST_REQUIRE(app->start(nullptr));
  }

  fake_node node;
  std::shared_ptr<one_token> tokens = std::make_shared<one_token>();
  std::unique_ptr<server_bridge> admin;
  std::unique_ptr<server_bridge> app;
};

std::string bearer(const std::string& token) { return "Authorization: Bearer " + token + "\r\n"; }

}  // namespace

BOOST_AUTO_TEST_SUITE(gates)

BOOST_AUTO_TEST_CASE(off_loopback_every_admin_route_but_probes_metrics_and_files_needs_a_token) {
  guarded_node guarded;
  const std::set<std::string> open{"/livez", "/readyz", "/startupz", "/metrics", "/", "/console/x"};
  const auto routes = guarded.admin->describe().at("routes").get<std::vector<std::string>>();
  BOOST_TEST(routes.size() > 20U);
  for (const auto& route : routes) {
    const auto [method, path] = request_for(route);
    const bool needs_none = method == "GET" && open.contains(path);
    for (const auto& header : {std::string(), bearer("annas-long-enough-tokem"), bearer(""),
                               std::string("Authorization: Basic YW5uYQ==\r\n")}) {
      const auto seen = ask(guarded.admin->port(), method, path, header);
      BOOST_TEST((seen.status == 401) == !needs_none, route << ' ' << header << seen.status);
      BOOST_TEST(seen.header("www-authenticate").starts_with("Bearer") == !needs_none, route);
    }
    BOOST_TEST(ask(guarded.admin->port(), method, path, anna).status != 401, route);
  }
  BOOST_TEST(ask(guarded.admin->port(), "HEAD", "/admin/actors").status == 401);
}

BOOST_AUTO_TEST_CASE(on_loopback_only_changes_need_a_token) {
  guarded_node guarded(false);
  for (const auto& route : guarded.admin->describe().at("routes").get<std::vector<std::string>>()) {
    const auto [method, path] = request_for(route);
    const auto seen = ask(guarded.admin->port(), method, path);
    BOOST_TEST((seen.status == 401) == (method != "GET"), route);
  }
}

BOOST_AUTO_TEST_CASE(every_change_is_told_with_who_what_and_what_came_of_it) {
  guarded_node guarded;
  ask(guarded.admin->port(), "GET", "/admin/actors", anna);
  ask(guarded.admin->port(), "POST", "/admin/entities/accounts/1/what-if", anna);
  ask(guarded.admin->port(), "POST", "/admin/projections/users/pause", anna);
  ask(guarded.admin->port(), "POST", "/admin/projections/nobody/pause", anna);
  ask(guarded.admin->port(), "POST", "/admin/projections/users/pause", bearer("guess"));
  const auto told = guarded.node.audited();
  BOOST_REQUIRE(told.size() == 3U);
  BOOST_TEST(told[0].starts_with("anna (127.0.0.1) POST /admin/projections/users/pause: 200"));
  BOOST_TEST(told[1].starts_with("anna (127.0.0.1) POST /admin/projections/nobody/pause: 404"));
  BOOST_TEST(told[2].starts_with("nobody (127.0.0.1) POST /admin/projections/users/pause: 401"));
  BOOST_TEST(told[1].ends_with("not let in") == false);
  BOOST_TEST(told[2].ends_with("not let in"));
  BOOST_TEST((guarded.node.changes == std::vector<std::string>{"pause users"}));
}

BOOST_AUTO_TEST_CASE(files_of_tokens_are_read_strictly) {
  const auto owner = [](const std::string& text, const std::string& token) {
    const auto read = token_file(text).read();
    BOOST_REQUIRE(read.has_value());
    return read->owner_of(token).value_or("nobody");
  };
  const std::string file = "# people\n\r\nanna:0123456789abcdef\r\n0123456789abcdeF\n";
  BOOST_TEST(owner(file, "0123456789abcdef") == "anna");
  BOOST_TEST(owner(file, "0123456789abcdeF") == "admin-token");
  BOOST_TEST(owner(file, "0123456789abcde") == "nobody");
  BOOST_TEST(owner(file, "anna:0123456789abcdef") == "nobody");
  BOOST_TEST(owner(file, "") == "nobody");
  for (const std::string wrong :
       {"", "# nothing\n", "short\n", "anna:short\n", ":0123456789abcdef\n",
        "anna:0123456789 abcdef\n", "a b:0123456789abcdef\n"}) {
    const auto read = token_file(wrong).read();
    BOOST_REQUIRE(!read.has_value());
    BOOST_TEST(read.error().message.starts_with("--admin-token: "), wrong);
    BOOST_TEST(read.error().message.find("openssl rand") != std::string::npos, wrong);
    BOOST_TEST(read.error().message.find("0123456789") == std::string::npos, wrong);
  }
  BOOST_TEST(!admin_tokens::read("/nowhere/tokens").has_value());
}

BOOST_AUTO_TEST_CASE(applications_come_in_with_a_token_and_are_known_by_it) {
  guarded_node guarded;
  const auto port = guarded.app->port();
  const auto me = [&](const std::string& header) {
    return ask(port, "GET", "/v1/accounts/me", header);
  };
  BOOST_TEST(me(bearer("good")).value().at("caller") == "zoe");
  BOOST_TEST(me("authorization: bEARER good\r\n").value().at("caller") == "zoe");
  BOOST_TEST(me(bearer("slow")).value().at("caller") == "max");
  BOOST_TEST(me(bearer("good") + "X-Debug-Sub: max\r\n").value().at("caller") == "zoe");
  ask(port, "POST", "/v1/accounts/4711/OpenAccount", bearer("slow"), "{}");
  const auto submitted = guarded.node.fake.submitted();
  BOOST_REQUIRE(submitted.size() == 1U);
  BOOST_TEST(submitted[0].context.user_id == "max");
  BOOST_TEST(submitted[0].on_behalf_of.value().subject == "max");
}

BOOST_AUTO_TEST_CASE(without_a_good_token_no_path_is_answered_whatever_is_there) {
  guarded_node guarded;
  const auto port = guarded.app->port();
  auto routes = guarded.app->describe().at("routes").get<std::vector<std::string>>();
  routes.emplace_back("GET /v1/nothing/here");
  routes.emplace_back("DELETE /v1/accounts");
  for (const auto& route : routes) {
    const auto [method, path] = request_for(route);
    const auto nobody = ask(port, method, path, "Origin: https://app.example\r\n");
    BOOST_TEST(nobody.status == 401, route);
    BOOST_TEST(nobody.header("www-authenticate") == "Bearer", route);
    BOOST_TEST(nobody.header("access-control-allow-origin") == "https://app.example", route);
    for (const auto& header :
         {bearer("bad"), bearer(""), bearer(" good"), std::string("Authorization: good\r\n"),
          std::string("Authorization: Basic good\r\n")}) {
      const auto seen = ask(port, method, path, header);
      BOOST_TEST(seen.status == 401, route << ' ' << header);
      BOOST_TEST(seen.value().at("code") == "invalid-token", route << ' ' << header);
      BOOST_TEST(seen.header("www-authenticate") == "Bearer error=\"invalid_token\"");
      BOOST_TEST(seen.body.find("signature") == std::string::npos, "the reason is not told");
    }
  }
  BOOST_TEST(guarded.node.fake.submitted().empty());
  const auto away = ask(port, "GET", "/v1/accounts/me", bearer("away"));
  BOOST_TEST(away.status == 503);
  BOOST_TEST(away.header("retry-after") == "5");
  const auto text = guarded.node.metrics().expose();
  BOOST_TEST(text.find("troupe_tokens_refused_total{reason=\"signature\"}") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_preflight_needs_no_token) {
  guarded_node guarded;
  const auto seen = ask(guarded.app->port(), "OPTIONS", "/v1/accounts",
                        "Origin: https://app.example\r\nAccess-Control-Request-Method: POST\r\n"
                        "Access-Control-Request-Headers: authorization\r\n");
  BOOST_TEST(seen.status == 200);
  BOOST_TEST(seen.header("access-control-allow-headers").starts_with("Authorization"));
}

BOOST_AUTO_TEST_SUITE_END()
