#pragma once

#include "runtime/node/cli/node_client.hpp"

namespace troupe::http {

/// Asks nodes over HTTP or HTTPS (whose certificate must be valid for its host). Follows no
/// redirects; waits a few seconds for a connection and a minute for an answer; reads at most 64 MiB
/// of it. Thread-safe.
http_client make_client();

}  // namespace troupe::http
