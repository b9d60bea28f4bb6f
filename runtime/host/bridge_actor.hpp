#pragma once

#include <memory>

#include "runtime/core/bridge.hpp"
#include "runtime/host/component.hpp"

namespace troupe::host {

/// To a bridge actor: begin to serve and say whether that worked. Sent by its supervisor's start
/// and again after a restart.
struct start_bridge {};

/// To a bridge actor, from any thread of the bridge: it has broken down.
struct bridge_broke {
  std::string reason;
};

/// To a bridge actor: accept nothing new, finish what is in flight, then answer.
struct drain_bridge {
  one_shot<bool> reply;
};

/// Runs one bridge on a thread of its own and fails with it, so that its supervisor starts it
/// again. Path: /bridges/<name>
class bridge_actor final : public component {
 public:
  /// `first_start` is told once how the first start went, so that a node can refuse to start on a
  /// busy port.
  bridge_actor(caf::actor_config& config, card_ptr card, std::shared_ptr<bridge> served,
               one_shot<result<void>> first_start);

 protected:
  caf::message_handler handlers() override;
  [[nodiscard]] json state() const override;
  void on_exit() override;

 private:
  std::shared_ptr<bridge> bridge_;
  one_shot<result<void>> first_start_;
};

}  // namespace troupe::host

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::start_bridge)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::bridge_broke)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::drain_bridge)
