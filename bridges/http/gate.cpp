#include "bridges/http/gate.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace troupe::http {
namespace {

constexpr std::string_view bearer_scheme = "bearer";

bool starts_with_scheme(std::string_view value) {
  return value.size() > bearer_scheme.size() && value[bearer_scheme.size()] == ' ' &&
         std::ranges::equal(
             bearer_scheme, value.substr(0, bearer_scheme.size()), [](char left, char right) {
               return left ==
                      (right >= 'A' && right <= 'Z' ? static_cast<char>(right | 0x20) : right);
             });
}

}  // namespace

metric_counter& refused_tokens(metric_registry& metrics, const char* reason) {
  return metrics.counter("troupe_tokens_refused_total",
                         "Bearer tokens that were not accepted, and why.", {{"reason", reason}});
}

gate open_gate() {
  return [](const request_head&, const endpoint*, bool) -> admission { return visitor{}; };
}

reply unauthorized(std::string code, std::string detail, const std::string& error) {
  auto answer = problem_reply(401, std::move(code), std::move(detail));
  answer.headers.emplace_back("WWW-Authenticate",
                              error.empty() ? "Bearer" : "Bearer error=\"" + error + '"');
  return answer;
}

result<std::optional<std::string_view>> bearer_token_of(const request_head& head) {
  const error malformed{errc::invalid, "send one header Authorization: Bearer <token>"};
  std::optional<std::string_view> found;
  for (const auto& field : head.fields) {
    if (field.name != "authorization") continue;
    if (found || !starts_with_scheme(field.value)) return malformed;
    found = field.value.substr(bearer_scheme.size() + 1);
  }
  return found;
}

gate token_gate(std::shared_ptr<authenticator> tokens, metric_registry& metrics) {
  return [tokens = std::move(tokens), &metrics](const request_head& head, const endpoint*,
                                                bool may_wait) -> admission {
    const auto refuse = [&](const char* reason) {
      refused_tokens(metrics, reason).increment();
      return unauthorized("invalid-token", "the bearer token is not accepted here",
                          "invalid_token");
    };
    const auto token = bearer_token_of(head);
    if (!token) return refuse("malformed");
    if (!*token)
      return unauthorized("unauthenticated",
                          "the caller is unknown; send a header Authorization: Bearer <token>", "");
    auto said = tokens->check(
        **token, may_wait ? authenticator::waiting::allowed : authenticator::waiting::forbidden);
    switch (said.what) {
      case token_verdict::outcome::accepted:
        return visitor{std::move(said.who), said.until};
      case token_verdict::outcome::must_wait:
        return ask_again{};
      case token_verdict::outcome::unavailable: {
        auto answer = problem_reply(503, "unavailable",
                                    "tokens cannot be checked now; try again in a moment");
        answer.headers.emplace_back("Retry-After", "5");
        return answer;
      }
      case token_verdict::outcome::refused:
        break;
    }
    return refuse(said.reason);
  };
}

}  // namespace troupe::http
