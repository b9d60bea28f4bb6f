#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/core/clock.hpp"
#include "runtime/core/feature.hpp"
#include "runtime/core/ids.hpp"
#include "runtime/host/engine.hpp"
#include "runtime/node/model.hpp"

namespace troupe {

/// "anna (10.0.0.7) POST /admin/projections/users/pause: 200"
std::string to_line(const admin_change& change);

/// Keeps changes as events in the node's log: stream `audit.<node>`, an entity like any other, for
/// the admin endpoint to show. No bridge takes commands for it.
class audit_trail {
 public:
  static constexpr const char* category = "audit";

  /// The features and, behind them, the trail's own: for the engine and for whoever looks into the
  /// log, and for no bridge.
  static std::vector<feature> beside(std::vector<feature> features);

  /// `node`: the node's name; what an entity's id cannot hold is replaced by '-'. What is referred
  /// to outlives this.
  audit_trail(std::string node, host::engine& engine, const clock& time, id_source& ids);

  /// Hands the change to the stream's actor and does not wait. `lost` is told why if it could not
  /// be stored; on any thread, perhaps before this returns.
  void keep(const admin_change& change, std::function<void(const std::string& why)> lost);

 private:
  const stream_id stream_;
  host::engine& engine_;
  const clock& clock_;
  id_source& ids_;
};

}  // namespace troupe
