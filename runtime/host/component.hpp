#pragma once

#include <string>

#include <caf/all.hpp>

#include "runtime/core/json.hpp"
#include "runtime/host/actor_card.hpp"
#include "runtime/host/one_shot.hpp"

namespace troupe::host {

/// Asks an actor what it holds.
struct describe {
  one_shot<json> reply;
};

/// Base of every supervised actor that has a card of its own: counts its messages, remembers its
/// last error, answers `describe`. A handler that throws ends the actor with the exception's text;
/// its supervisor decides what happens next.
class component : public caf::event_based_actor {
 public:
  component(caf::actor_config& config, card_ptr card);

  void enqueue(caf::mailbox_element_ptr message, caf::execution_unit* host) override;

 protected:
  /// What the actor reacts to, besides `describe`.
  virtual caf::message_handler handlers() = 0;
  /// What it holds, as JSON. Called within the actor.
  [[nodiscard]] virtual json state() const = 0;

  caf::behavior make_behavior() final;
  caf::invoke_message_result consume(caf::mailbox_element& message) final;
  [[nodiscard]] const card_ptr& card() const { return card_; }

 private:
  card_ptr card_;
};

}  // namespace troupe::host

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::describe)
