#include "runtime/host/bridge_actor.hpp"

#include <stdexcept>
#include <utility>

namespace troupe::host {

bridge_actor::bridge_actor(caf::actor_config& config, card_ptr card, std::shared_ptr<bridge> served,
                           one_shot<result<void>> first_start)
    : component(config, std::move(card)),
      bridge_(std::move(served)),
      first_start_(std::move(first_start)) {}

caf::message_handler bridge_actor::handlers() {
  send(this, start_bridge{});
  return caf::message_handler{
      [this](const start_bridge&) {
        const waiting_for outside(*card(), awaited::start);
        auto self = caf::actor_cast<caf::actor_addr>(this);
        auto started = bridge_->start([self](std::string reason) {
          if (auto actor = caf::actor_cast<caf::actor>(self))
            caf::anon_send(actor, bridge_broke{std::move(reason)});
        });
        first_start_(started);
        if (!started) throw std::runtime_error(started.error().message);
      },
      [](const bridge_broke& message) { throw std::runtime_error(message.reason); },
      [this](const drain_bridge& request) {
        const waiting_for outside(*card(), awaited::drain);
        bridge_->drain();
        request.reply(true);
      },
  };
}

json bridge_actor::state() const { return bridge_->describe(); }

void bridge_actor::on_exit() { bridge_->stop(); }

}  // namespace troupe::host
