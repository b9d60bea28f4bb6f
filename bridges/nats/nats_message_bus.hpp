#pragma once

#include <memory>
#include <string>

#include "bridges/nats/connection.hpp"
#include "runtime/core/message_bus.hpp"

namespace troupe::nats {

/// The bus between the nodes of a cluster, on core NATS: topic `alive` is the subject
/// `<cluster>.node.alive`. The broker says at once when nobody listens to a question. While the
/// broker is away nothing is sent, and answers that come meanwhile are lost.
///
/// Errors: `unavailable` when the broker is away.
result<std::shared_ptr<message_bus>> open_message_bus(std::shared_ptr<connection> broker,
                                                      const std::string& cluster);

}  // namespace troupe::nats
