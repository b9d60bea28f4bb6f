#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "bridges/http/exchange.hpp"
#include "bridges/http/http_bridge.hpp"
#include "bridges/http/interruptible_application.hpp"
#include "runtime/node/access_policy.hpp"
#include "runtime/node/model.hpp"

namespace troupe::http {

/// What the endpoints for applications work with. Thread-safe; shared by them.
struct surroundings {
  node_model& model;
  interruptible_application app;
  http_options options;
  access_policy policy;

  surroundings(node_model& of_node, http_options chosen)
      : model(of_node),
        app(of_node.app()),
        options(std::move(chosen)),
        policy(of_node.features()) {}

  /// The application as the request's caller may use it. Endpoints use no other; it stays good for
  /// as long as it is held.
  [[nodiscard]] std::shared_ptr<application> app_for(const request& received);

  [[nodiscard]] monotonic_time deadline() const {
    return model.time().monotonic() + options.deadline;
  }

  /// Who is asking: as authenticated, or `X-Debug-Sub` where it is honoured, else nobody.
  /// `invalid`: not printable.
  [[nodiscard]] result<caller> caller_of(const request& received) const;

  /// The body as JSON. `invalid`: not JSON, too deep, or a member twice; says where.
  [[nodiscard]] result<json> body_of(const request& received) const;

  /// How many items a page may have, as the query says. `invalid` beyond the bound.
  [[nodiscard]] result<std::size_t> page_of(const request& received) const;

  /// For a command made from this request, with fresh ids and the time.
  [[nodiscard]] command_context context_of(const request& received, const caller& who) const;
};

/// The command id that the caller chose with `Idempotency-Key`, if any.
result<std::optional<std::string>> idempotency_key_of(const request& received);

/// Does the caller prefer not to wait for outcomes (`Prefer: respond-async`, RFC 7240)?
bool prefers_async(const request& received);

/// The version that `If-Match` demands, if any.
result<std::optional<version_t>> expected_version_of(const request& received);

}  // namespace troupe::http
