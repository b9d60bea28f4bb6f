#pragma once

#include <string>
#include <vector>

#include "bridges/nats/connection.hpp"
#include "bridges/nats/nats_event_log.hpp"
#include "runtime/core/diagnosis.hpp"

namespace troupe::nats {

/// What nodes would find at a broker: whether it can be reached, its version, JetStream, the
/// streams of the categories, and that it takes messages of `largest` bytes. Makes nothing there.
std::vector<diagnosis> examine_broker(const connection_options& broker, const log_options& log,
                                      const std::vector<std::string>& categories,
                                      std::size_t largest);

}  // namespace troupe::nats
