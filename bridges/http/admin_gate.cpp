#include "bridges/http/admin_gate.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace troupe::http {
namespace {

/// What shows nothing of anybody's data. Every other route, also one to come, needs a token.
constexpr std::array<std::string_view, 6> open_patterns{"/livez",   "/readyz", "/startupz",
                                                        "/metrics", "/",       "/console/{file}"};

bool needs_token(const endpoint& found, guarded what) {
  if (found.method != "GET") return true;
  return what == guarded::everything &&
         std::ranges::find(open_patterns, found.pattern) == open_patterns.end();
}

}  // namespace

gate admin_gate(std::shared_ptr<const admin_tokens> tokens, guarded what) {
  if (!tokens) return open_gate();
  return [tokens = std::move(tokens), what](const request_head& head, const endpoint* found,
                                            bool) -> admission {
    const auto token = bearer_token_of(head);
    if (token && *token) {
      if (auto owner = tokens->owner_of(**token))
        return visitor{caller{std::move(*owner), {"admin"}}, std::nullopt};
    }
    if (found == nullptr || !needs_token(*found, what)) return visitor{};
    if (token && !*token) {
      return unauthorized("unauthenticated",
                          "this needs a token of --admin-token; send Authorization: Bearer <token>",
                          "");
    }
    return unauthorized("invalid-token", "the bearer token is not accepted here", "invalid_token");
  };
}

}  // namespace troupe::http
