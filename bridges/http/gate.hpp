#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "bridges/http/exchange.hpp"
#include "bridges/http/router.hpp"
#include "runtime/core/authenticator.hpp"
#include "runtime/node/metrics.hpp"

namespace troupe::http {

/// Somebody who has been let in.
struct visitor {
  std::optional<caller> who;       ///< Nothing where nobody needs to say who they are.
  std::optional<timestamp> until;  ///< What they showed is good until then.
};

/// Whether somebody may come in is to be asked again on a thread that may wait.
struct ask_again {};

using admission = std::variant<visitor, reply, ask_again>;

/// Looks at a request before its endpoint does; `found` is null when no route was. Any thread.
using gate =
    std::function<admission(const request_head& head, const endpoint* found, bool may_wait)>;

/// Lets everybody in.
gate open_gate();

/// Lets in who shows a bearer token that the authenticator accepts, whatever the route. All that a
/// caller learns of a token that is not accepted is that: 401 and `invalid-token`.
gate token_gate(std::shared_ptr<authenticator> tokens, metric_registry& metrics);

/// Counts tokens that were refused for this reason, a literal.
metric_counter& refused_tokens(metric_registry& metrics, const char* reason);

/// The bearer token of a request; nothing when there is none. `invalid`: the header is malformed or
/// there are several.
result<std::optional<std::string_view>> bearer_token_of(const request_head& head);

/// 401 with what a client should do. `error` is a code of RFC 6750, or "".
reply unauthorized(std::string code, std::string detail, const std::string& error);

}  // namespace troupe::http
