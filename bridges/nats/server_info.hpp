#pragma once

#include <string>

#include "runtime/core/json.hpp"

namespace troupe::nats {

/// What a broker says of itself when a connection is made, before any of TLS (the INFO message of
/// the NATS client protocol): version, host, limits. The client library keeps it to itself. `url`:
/// "nats://host:port". `unavailable` when it is not said within two seconds.
result<json> read_server_info(const std::string& url);

}  // namespace troupe::nats
