#include "runtime/host/snapshot_writer.hpp"

#include <utility>

namespace troupe::host {

snapshot_queue::place snapshot_queue::enter() {
  auto waiting = waiting_.load();
  do {
    if (waiting >= bound_) {
      skip();
      return nullptr;
    }
  } while (!waiting_.compare_exchange_weak(waiting, waiting + 1));
  return {this, [self = shared_from_this()](const void*) { self->waiting_.fetch_sub(1); }};
}

snapshot_writer::snapshot_writer(caf::actor_config& config, card_ptr card, event_log& log,
                                 std::shared_ptr<const snapshot_queue> queue)
    : component(config, std::move(card)), log_(log), queue_(std::move(queue)) {}

caf::message_handler snapshot_writer::handlers() {
  return caf::message_handler{[this](const save_snapshot& message) {
    if (auto kept = log_.save_snapshot(*message.saved)) {
      ++saved_;
    } else {
      ++failed_;
      last_failure_ = kept.error().message;
    }
  }};
}

json snapshot_writer::state() const {
  return {{"saved", saved_},
          {"failed", failed_},
          {"skipped", queue_->skipped()},
          {"waiting", queue_->waiting()},
          {"maxWaiting", queue_->bound()},
          {"lastFailure", last_failure_}};
}

}  // namespace troupe::host
