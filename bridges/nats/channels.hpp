#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bridges/nats/command_intake.hpp"
#include "bridges/nats/connection.hpp"
#include "bridges/nats/patience.hpp"
#include "runtime/core/application.hpp"
#include "runtime/core/bridge.hpp"
#include "runtime/core/placement.hpp"
#include "runtime/core/tracer.hpp"

namespace troupe::nats {

/// What the channels need of their node; the references outlive the bridges.
struct channel_options {
  std::string cluster = "troupe";
  int replicas = 1;
  std::vector<std::string> categories;
  intake_options intake;
  std::size_t max_in_flight = 256;   ///< Durable commands of one consumer under way on this node.
  const placement* where = nullptr;  ///< Of the consumers; null: this node reads them all.
  tracer* trace = nullptr;           ///< Null: no spans.
  keep_waiting wait = nullptr;       ///< At the first start, for a broker that is not ready yet.
};

/// Durable commands, published to `{category}.command.{id}` or `{category}.command`. The category's
/// stream must exist: the log on the same broker makes it. Path: /bridges/nats-commands
std::shared_ptr<bridge> make_command_bridge(std::shared_ptr<connection> broker, application& app,
                                            const clock& time, id_source& ids,
                                            channel_options options);

/// Commands by request and reply on `troupe.ask.{category}.{id}.{Command}` (the command's data) and
/// `troupe.ask.{category}` (an envelope); `troupe` is the cluster's name. Nodes share the requests.
/// Path: /bridges/nats-ask
std::shared_ptr<bridge> make_ask_bridge(std::shared_ptr<connection> broker, application& app,
                                        const clock& time, id_source& ids, channel_options options);

}  // namespace troupe::nats
