#include <boost/test/unit_test.hpp>

#include "bridges/http/fake_node.test.hpp"
#include "bridges/http/http_bridge.hpp"
#include "bridges/http/raw_client.test.hpp"

using namespace troupe;
using namespace troupe::http;

namespace {

struct administered {
  administered() : bridge(make_admin_bridge(node, {})) { BOOST_REQUIRE(bridge->start(nullptr)); }
  answer_seen ask(std::string_view method, std::string_view target, std::string_view headers = "",
                  std::string_view body = "") {
    return troupe::http::ask(bridge->port(), method, target, headers, body);
  }
  json get(std::string_view target) {
    const auto seen = ask("GET", target);
    BOOST_TEST(seen.status == 200);
    BOOST_TEST(seen.header("content-type") == "application/json");
    return seen.value();
  }

  fake_node node;
  std::unique_ptr<server_bridge> bridge;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(admin_bridge, administered)

BOOST_AUTO_TEST_CASE(probes_say_yes_or_no_and_why_when_asked) {
  BOOST_TEST(get("/livez") == json({{"status", "ok"}}));
  BOOST_TEST(get("/readyz") == json({{"status", "ok"}}));
  BOOST_TEST(get("/startupz?verbose").at("checks").at(0).at("name") == "migrations");
  node.alive = false;
  node.ready = false;
  BOOST_TEST(ask("GET", "/livez").status == 503);
  const auto seen = ask("GET", "/readyz?verbose");
  BOOST_TEST(seen.status == 503);
  BOOST_TEST(
      seen.value() ==
      json::parse(
          R"({"status":"unavailable","checks":[{"name":"log","ok":false,"detail":"is away"}]})"));
  BOOST_TEST(!ask("GET", "/readyz").value().contains("checks"));
}

BOOST_AUTO_TEST_CASE(metrics_come_in_the_text_format) {
  node.metrics().counter("troupe_things_total", "Things.").increment();
  const auto seen = ask("GET", "/metrics");
  BOOST_TEST(seen.status == 200);
  BOOST_TEST(seen.header("content-type").starts_with("text/plain; version=0.0.4"));
  BOOST_TEST(seen.body.find("troupe_things_total 1") != std::string::npos);
  BOOST_TEST(seen.body.find("troupe_admin_connections 1") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_console_may_load_and_run_nothing_but_its_own_files) {
  for (const auto* path : {"/", "/console/console.css", "/console/app.js", "/console/uplot.js"}) {
    const auto seen = ask("GET", path);
    BOOST_TEST(seen.status == 200);
    const auto policy = seen.header("content-security-policy");
    BOOST_TEST(policy.starts_with("default-src 'none'"));
    BOOST_TEST(policy.find("unsafe") == std::string::npos);
    BOOST_TEST(policy.find("require-trusted-types-for 'script'") != std::string::npos);
  }
  const auto page = ask("GET", "/");
  BOOST_TEST(page.header("content-type") == "text/html; charset=utf-8");
  BOOST_TEST(ask("GET", "/console/app.js").header("content-type") ==
             "text/javascript; charset=utf-8");
  BOOST_TEST(ask("GET", "/console/icon.svg").header("content-type") == "image/svg+xml");
  BOOST_TEST(page.body.find("://") == std::string::npos);
  for (const auto* inline_code : {"<style", "style=", "onclick=", "<script>"})
    BOOST_TEST(page.body.find(inline_code) == std::string::npos);
  BOOST_TEST(ask("GET", "/console/secret").status == 404);
  BOOST_TEST(ask("GET", "/console/%2e%2e").status == 404);
}

BOOST_AUTO_TEST_CASE(the_consoles_files_are_sent_once) {
  const auto first = ask("GET", "/console/app.js");
  const auto tag = first.header("etag");
  BOOST_TEST(!tag.empty());
  const auto again = ask("GET", "/console/app.js", "If-None-Match: " + tag + "\r\n");
  BOOST_TEST(again.status == 304);
  BOOST_TEST(again.body.empty());
  BOOST_TEST(ask("GET", "/console/dom.js").header("etag") != tag);
}

BOOST_AUTO_TEST_CASE(actors_are_listed_shown_and_restarted_by_path) {
  const auto listed =
      get("/admin/actors?kind=bridge&path=/bridges&limit=7&after=/bridges/admin").at("items").at(0);
  BOOST_TEST(
      listed ==
      json({{"kind", "bridge"}, {"path", "/bridges"}, {"after", "/bridges/admin"}, {"limit", 7}}));
  BOOST_TEST(get("/admin/actors").at("items").at(0).at("limit") == 100);
  BOOST_TEST(get("/admin/actors/features/identity/command-handlers/4711").at("path") ==
             "/features/identity/command-handlers/4711");
  BOOST_TEST(get("/admin/actors/restart").at("path") == "/restart");
  BOOST_TEST(ask("GET", "/admin/actors/bridges/nobody").status == 404);
  BOOST_TEST(ask("GET", "/admin/actors/bridges/busy").header("retry-after") == "1");
  BOOST_TEST(ask("GET", "/admin/actors/bridges//x").status == 404);
  BOOST_TEST(ask("GET", "/admin/actors?limit=0").status == 400);
  BOOST_TEST(ask("POST", "/admin/actors/features/identity/command-handlers/4711/restart").status ==
             200);
  BOOST_TEST(ask("POST", "/admin/actors/bridges/http").header("allow") == "GET, HEAD");
  BOOST_TEST((node.changes ==
              std::vector<std::string>{"restart /features/identity/command-handlers/4711"}));
}

BOOST_AUTO_TEST_CASE(entities_streams_and_logs_are_read) {
  BOOST_TEST(get("/admin/entities/accounts/1").at("version").is_null());
  BOOST_TEST(get("/admin/entities/accounts/1?version=3").at("version") == 3);
  BOOST_TEST(ask("GET", "/admin/entities/accounts/1?version=x").status == 400);
  BOOST_TEST(ask("GET", "/admin/entities/ACCOUNTS/1").status == 400);
  BOOST_TEST(ask("GET", "/admin/entities/accounts/a.b").status == 400);
  const auto stream = get("/admin/streams/accounts/1?from=2&limit=3");
  BOOST_TEST(stream.at("stream") == "accounts.1");
  BOOST_TEST(stream.at("from") == 2);
  BOOST_TEST(stream.at("limit") == 3);
  BOOST_TEST(get("/admin/log/accounts").at("from") == 1);
  BOOST_TEST(ask("GET", "/admin/log/accounts?limit=5000").status == 400);
}

BOOST_AUTO_TEST_CASE(projections_are_paused_resumed_and_rebuilt) {
  BOOST_TEST(get("/admin/projections").at("items").empty());
  for (const auto* verb : {"pause", "resume", "rebuild"}) {
    BOOST_TEST(ask("POST", std::string("/admin/projections/owners/") + verb).status == 200);
  }
  BOOST_TEST((node.changes ==
              std::vector<std::string>{"pause owners", "resume owners", "rebuild owners"}));
  BOOST_TEST(ask("POST", "/admin/projections/nobody/pause").status == 404);
  BOOST_TEST(ask("POST", "/admin/projections/owners/eat").status == 404);
}

BOOST_AUTO_TEST_CASE(dead_letters_are_retried_and_discarded_by_id) {
  BOOST_TEST(ask("POST", "/admin/dead-letters/owners.1/retry").value().at("applied") == 1);
  BOOST_TEST(ask("POST", "/admin/dead-letters/owners.1/discard").value().at("status") ==
             "discarded");
  const auto failed = ask("POST", "/admin/dead-letters/owners.2/retry");
  BOOST_TEST(failed.status == 409);
  BOOST_TEST(failed.value().at("detail") == "it failed again: planted");
  BOOST_TEST(ask("POST", "/admin/dead-letters/owners.9/discard").status == 404);
  BOOST_TEST(ask("POST", "/admin/dead-letters/owners.1/forget").status == 404);
  BOOST_TEST((node.changes == std::vector<std::string>{"retry owners.1", "discard owners.1"}));
  BOOST_TEST(ask("POST", "/admin/dead-letters/owners.1/discard", "Origin: https://evil.example\r\n")
                 .status == 403);
}

BOOST_AUTO_TEST_CASE(a_command_is_tried_without_being_stored) {
  const auto tried = [&](std::string_view query, const std::string& body) {
    return ask("POST", "/admin/entities/accounts/1/what-if" + std::string(query), "", body);
  };
  const std::string envelope =
      R"({"id":"c1","type":"OpenAccount","metadata":{"traceId":"t","userId":"u"},"data":{}})";
  const auto seen = tried("?version=3", envelope);
  BOOST_TEST(seen.status == 200);
  BOOST_TEST(seen.value() ==
             json::parse(R"({"id":"1","type":"OpenAccount","commandId":"c1","version":3})"));
  BOOST_TEST(tried("?version=x", envelope).status == 400);
  BOOST_TEST(tried("", "{").status == 400);
  BOOST_TEST(tried("", R"({"id":"c1"})").status == 400);
  BOOST_TEST(tried("", std::string(70, '[') + std::string(70, ']')).status == 400);
}

BOOST_AUTO_TEST_CASE(another_origins_page_changes_nothing) {
  const auto elsewhere =
      ask("POST", "/admin/projections/owners/rebuild", "Origin: https://evil.example\r\n");
  BOOST_TEST(elsewhere.status == 403);
  BOOST_TEST(
      ask("POST", "/admin/projections/owners/rebuild", "Sec-Fetch-Site: cross-site\r\n").status ==
      403);
  BOOST_TEST(ask("POST", "/admin/projections/owners/rebuild", "Origin: null\r\n").status == 403);
  BOOST_TEST(node.changes.empty());
  BOOST_TEST(ask("POST", "/admin/projections/owners/rebuild", "Origin: http://here\r\n").status ==
             200);
}

BOOST_AUTO_TEST_CASE(the_log_level_is_changed_by_its_name) {
  const auto put = [&](std::string_view body) {
    return ask("PUT", "/admin/log-level", "Content-Type: application/json\r\n", body).status;
  };
  BOOST_TEST(put(R"({"level":"debug"})") == 200);
  BOOST_TEST((node.changes == std::vector<std::string>{"log level debug"}));
  for (const auto* body : {R"({"level":"loud"})", R"({"level":1})", R"({})", R"("debug")", "{", ""})
    BOOST_TEST(put(body) == 400, body);
  BOOST_TEST(node.changes.size() == 1U);
}

BOOST_AUTO_TEST_CASE(the_rest_is_served_and_errors_are_problems) {
  BOOST_TEST(get("/admin/dead-letters?after=5").at("after") == 5);
  BOOST_TEST(get("/admin/info").at("version") == "1.2.3");
  BOOST_TEST(get("/admin/config").at("http") == "127.0.0.1:0");
  const auto torn = ask("GET", "/admin/dead-letters?limit=13");
  BOOST_TEST(torn.status == 500);
  BOOST_TEST(torn.header("content-type") == "application/problem+json");
  BOOST_TEST(torn.value().at("code") == "corrupt");
  BOOST_TEST(ask("GET", "/admin/nothing").status == 404);
  BOOST_TEST(ask("GET", "/v1/views/owners").status == 404);
}

BOOST_AUTO_TEST_SUITE_END()
