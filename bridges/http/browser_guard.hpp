#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bridges/http/cors.hpp"
#include "bridges/http/exchange.hpp"

namespace troupe::http {

/// Keeps a node that trusts its own machine safe from pages of other sites that are shown in a
/// browser on it. Two ways lead such a page here:
///   - a simple request to 127.0.0.1, which the browser sends although the page may not read the
///     answer: what changes something is refused when `Origin` or `Sec-Fetch-Site` say so;
///   - DNS rebinding, where the page's own name leads to 127.0.0.1, so that for the browser all is
///     of one origin: a `Host` that is none of the node's names is refused.
/// Programs send neither header and know the node's name. Immutable.
class browser_guard {
 public:
  /// `hosts`: the names that `Host` may have, without ports; empty: any.
  explicit browser_guard(std::vector<std::string> hosts) : hosts_(std::move(hosts)) {}

  /// The answer to a request that must not be served. Origins that `cors` allows may change things.
  [[nodiscard]] std::optional<reply> refuses(const request_head& head,
                                             const cors_policy& cors) const;

 private:
  std::vector<std::string> hosts_;
};

}  // namespace troupe::http
