#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/core/bridge.hpp"
#include "runtime/core/event_log.hpp"
#include "runtime/core/feature.hpp"
#include "runtime/core/log_place.hpp"
#include "runtime/core/message_bus.hpp"
#include "runtime/core/verification.hpp"
#include "runtime/core/view_store.hpp"
#include "runtime/node/cli/node_client.hpp"
#include "runtime/node/doctor/doctor.hpp"
#include "runtime/node/migrate_command.hpp"
#include "runtime/node/model.hpp"
#include "runtime/node/settings.hpp"

namespace troupe {

/// A node: one process with its log, its views, its actors and its bridges. The composition root
/// names the adapters:
///
///     int main(int argc, char** argv) {
///       return troupe::node(argc, argv)
///           .with(identity::feature())
///           .with_log("sqlite", …).with_views("sqlite", …).with_bridge(…)
///           .run();
///     }
///
/// Order of life: settings, log, views (migrated), actors, bridges; then it serves until SIGTERM or
/// SIGINT; then readiness goes off, bridges finish what they have, commands under way end,
/// projectors finish their batches, and it exits with 0. A second signal ends it at once.
class node {
 public:
  using log_factory = std::function<result<std::unique_ptr<event_log>>(const settings&)>;
  using views_factory = std::function<result<std::unique_ptr<view_provider>>(const settings&)>;
  using bus_factory = std::function<result<std::shared_ptr<message_bus>>(const settings&)>;
  using bridge_factory =
      std::function<result<std::shared_ptr<bridge>>(node_model&, const settings&)>;

  node(int argc, char** argv);

  node& with(feature one);
  /// The log that `--log NAME` chooses.
  node& with_log(std::string name, log_factory make);
  /// The view store that `--views NAME` chooses.
  node& with_views(std::string name, views_factory make);
  /// What leads to the other nodes of a cluster. May give none, where the settings want none.
  node& with_bus(bus_factory make);
  /// Opens data for `troupe check`.
  node& with_check(data_check open);
  /// What `troupe copy` opens URLs of this scheme with; "" stands for directories.
  node& with_log_place(std::string scheme, log_opener open);
  /// What `troupe migrate` opens URLs of this scheme with.
  node& with_migrations(std::string scheme, migration_opener open);
  /// What commands for a running node reach it with.
  node& with_client(http_client ask);
  /// Something more that `troupe doctor` looks at.
  node& with_examination(examination look);
  /// Bridges start in this order. A factory may give none, where the settings want none.
  node& with_bridge(bridge_factory make);

  /// Runs the command line. Returns the exit status: 0 clean stop, 1 failure while running, 2 bad
  /// usage or configuration.
  int run();

  /// Whether a signal has come that ends the node. For factories that wait for something, as
  /// signals are taken only once all is started.
  static bool stop_wanted();

 private:
  int serve(const settings& options);
  int operate(operator_command command);
  int examine();

  std::vector<std::string> arguments_;
  std::vector<feature> features_;
  std::map<std::string, log_factory> logs_;
  std::map<std::string, views_factory> views_;
  bus_factory bus_;
  data_check check_;
  std::map<std::string, log_opener> log_places_;
  std::map<std::string, migration_opener> migrations_;
  http_client client_;
  std::vector<examination> examinations_;
  std::vector<bridge_factory> bridges_;
};

}  // namespace troupe
