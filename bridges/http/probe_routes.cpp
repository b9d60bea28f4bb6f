#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "bridges/http/admin_routes.hpp"

namespace troupe::http {
namespace {

/// 200 when every check is fine, else 503; the checks themselves with `?verbose`.
reply answer_probe(const request& received, const std::vector<health_check>& checks) {
  const bool fine = std::ranges::all_of(checks, &health_check::ok);
  json body = {{"status", fine ? "ok" : "unavailable"}};
  const auto asked = [](const auto& parameter) { return parameter.first == "verbose"; };
  if (std::ranges::any_of(received.where.query, asked)) {
    auto& listed = body["checks"] = json::array();
    for (const auto& check : checks) {
      listed.push_back({{"name", check.name}, {"ok", check.ok}, {"detail", check.detail}});
    }
  }
  auto answer = json_reply(body, fine ? 200 : 503);
  answer.headers = {{"Cache-Control", "no-store"}};
  if (!fine) answer.headers.emplace_back("Retry-After", "1");
  return answer;
}

}  // namespace

void add_probe_routes(router& routes, node_model& model) {
  routes.add("GET", "/livez", [&model](const request& received) {
    const bool live = model.live();
    return answer_probe(received, {{"live", live, live ? "" : "the process should be replaced"}});
  });
  routes.add("GET", "/readyz", [&model](const request& received) {
    return answer_probe(received, model.readiness_checks());
  });
  routes.add("GET", "/startupz", [&model](const request& received) {
    return answer_probe(received, model.startup_checks());
  });
  routes.add("GET", "/metrics", [&model](const request&) {
    reply answer;
    answer.body = model.metrics().expose();
    answer.content_type = "text/plain; version=0.0.4; charset=utf-8";
    answer.headers = {{"Cache-Control", "no-store"}};
    return answer;
  });
}

}  // namespace troupe::http
