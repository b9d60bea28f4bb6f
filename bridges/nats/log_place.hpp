#pragma once

#include "runtime/core/log_place.hpp"

namespace troupe::nats {

/// Opens a cluster's log on a broker. The place is a URL:
///
///     nats://[user:password@]host:port[,host:port]…[?parameter=value&…]
///
///     cluster   whose log; "troupe" unless given
///     replicas  of streams that are made; 1 unless given
///     creds     file with the broker's credentials
///     ca        PEM file of the authority that signs the broker's certificate
///
/// The broker is probed as for a node. A log to write to must have no running node.
result<opened_log> open_log_place(const std::string& url, log_use use);

}  // namespace troupe::nats
