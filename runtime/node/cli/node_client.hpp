#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/core/result.hpp"

namespace troupe {

/// What the command line asks of a running node.
struct client_request {
  std::string url;     ///< Scheme, host and port: "http://127.0.0.1:9090".
  std::string method;  ///< "GET", "POST", "PUT".
  std::string target;  ///< Path and query, encoded.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  ///< JSON; "" for none.
};

struct client_reply {
  int status = 0;
  std::string body;
};

/// Asks a node and waits for its answer. Errors: `unavailable` when the request was not sent, for
/// nobody listens there; `in_doubt` when no whole answer came to what was sent; `invalid` for a URL
/// that is none.
using http_client = std::function<result<client_reply>(const client_request&)>;

}  // namespace troupe
