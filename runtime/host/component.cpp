#include "runtime/host/component.hpp"

#include <pthread.h>

#include <utility>

#include "runtime/host/failure.hpp"

namespace troupe::host {
namespace {

/// Lets `top -H` and debuggers tell an actor's own thread by the end of its path.
void name_this_thread(const std::string& path) {
  constexpr std::size_t longest = 15;
  const auto parent = path.rfind('/', path.rfind('/') - 1) + 1;
  ::pthread_setname_np(::pthread_self(), path.substr(parent, longest).c_str());
}

}  // namespace

component::component(caf::actor_config& config, card_ptr card)
    : caf::event_based_actor(config), card_(std::move(card)) {
  set_exception_handler([this](caf::scheduled_actor*, std::exception_ptr& problem) -> caf::error {
    card_->record_error(failure_of(problem));
    return caf::sec::runtime_error;
  });
}

void component::enqueue(caf::mailbox_element_ptr message, caf::execution_unit* host) {
  card_->message_enqueued();
  caf::event_based_actor::enqueue(std::move(message), host);
}

caf::invoke_message_result component::consume(caf::mailbox_element& message) {
  card_->message_processed();
  card_->busy(this);
  const auto outcome = caf::event_based_actor::consume(message);
  card_->idle(this);
  return outcome;
}

caf::behavior component::make_behavior() {
  if (getf(is_detached_flag)) name_this_thread(card_->path());
  return handlers().or_else([this](const describe& question) { question.reply(state()); });
}

}  // namespace troupe::host
