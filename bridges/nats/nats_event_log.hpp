#pragma once

#include <memory>
#include <string>

#include "bridges/nats/connection.hpp"
#include "bridges/nats/patience.hpp"
#include "runtime/core/event_log.hpp"

namespace troupe::nats {

struct log_options {
  std::string cluster = "troupe";  ///< Keeps clusters on one broker apart.
  int replicas = 1;                ///< Of new streams and buckets; 1, 3 or 5.
  keep_waiting wait = nullptr;     ///< For a broker that is not ready yet.
};

/// Opens the event log on a broker, once that has proven that compare-and-set can be relied on, and
/// makes the buckets it needs. What `append` reports stored is acknowledged by JetStream. README.md
/// describes what is on the broker. Opening and preparing have patience with a broker that is
/// not ready yet (patience.hpp). Errors: `unavailable`; `unsupported` for a broker with two
/// winners; `invalid` for one without JetStream, or with a stream or bucket that is set up in
/// another way.
result<std::unique_ptr<event_log>> open_event_log(std::shared_ptr<connection> broker,
                                                  const log_options& options = {});

}  // namespace troupe::nats
