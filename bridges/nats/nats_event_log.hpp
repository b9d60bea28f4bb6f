#pragma once

#include <functional>
#include <memory>
#include <string>

#include "bridges/nats/connection.hpp"
#include "runtime/core/event_log.hpp"

namespace troupe::nats {

struct log_options {
  std::string cluster = "troupe";  ///< Keeps clusters on one broker apart.
  int replicas = 1;                ///< Of new streams and buckets; 1, 3 or 5.
  /// Asked with the reason before each new try to open a log whose broker is not ready yet; false
  /// gives up. Without it, all tries are made.
  std::function<bool(const error& why)> keep_waiting = nullptr;
};

/// Opens the event log on a broker, once that has proven that compare-and-set can be relied on, and
/// makes the buckets it needs. What `append` reports stored is acknowledged by JetStream. README.md
/// describes what is on the broker. Opening and preparing wait up to 30 s each for servers that
/// were just started to find a leader. Errors: `unavailable`; `unsupported` for a broker with two
/// winners; `invalid` for one without JetStream, or with a stream or bucket that is set up in
/// another way.
result<std::unique_ptr<event_log>> open_event_log(std::shared_ptr<connection> broker,
                                                  const log_options& options = {});

}  // namespace troupe::nats
