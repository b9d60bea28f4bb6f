#include "bridges/http/cors.hpp"

#include <algorithm>
#include <utility>

namespace troupe::http {

cors_policy::cors_policy(std::vector<std::string> origins, bool debug_sub)
    : origins_(std::move(origins)),
      allowed_headers_(
          "Authorization, Cache-Control, Strict-Transport-Security, Content-Type, Idempotency-Key, "
          "If-Match, If-None-Match, Last-Event-ID, Prefer, traceparent, X-Min-Position") {
  if (debug_sub) allowed_headers_ += ", X-Debug-Sub";
}

std::string_view cors_policy::allowed_origin(const request_head& head) const {
  const auto origin = head.find("origin");
  if (!origin) return {};
  for (const auto& known : origins_) {
    if (known == "*") return known;
    if (known == *origin) return *origin;
  }
  return {};
}

bool cors_policy::is_preflight(const request_head& head) const {
  return !origins_.empty() && head.method == "OPTIONS" && head.find("origin") &&
         head.find("access-control-request-method");
}

reply cors_policy::answer_preflight(const request_head& head) const {
  if (allowed_origin(head).empty()) {
    return problem_reply(403, "origin-not-allowed",
                         "scripts of this origin may not call; allow it with --cors");
  }
  reply answer;
  answer.body = "{}";
  answer.headers = {{"Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE"},
                    {"Access-Control-Allow-Headers", allowed_headers_},
                    {"Access-Control-Max-Age", "600"}};
  return answer;
}

void cors_policy::append_headers(std::string& out, const request_head& head) const {
  if (origins_.empty()) return;
  out += "Vary: Origin\r\n";
  const auto origin = allowed_origin(head);
  if (origin.empty()) return;
  out += "Access-Control-Allow-Origin: ";
  out += origin;
  out +=
      "\r\nAccess-Control-Expose-Headers: ETag, X-Position, X-Trace-Id, Location, "
      "Preference-Applied, Retry-After\r\n";
}

}  // namespace troupe::http
