#include "bridges/nats/growth_watch.hpp"

#include <charconv>
#include <utility>

namespace troupe::nats {
namespace {

/// The listener is woken by messages and by the end of its subscription.
constexpr std::int64_t an_hour = 3'600'000;

}  // namespace

void tell_growth(const connection& broker, const names& called, const std::string& own,
                 const std::string& category, position_t head) {
  // Nobody answers: where a reply would go says who tells.
  natsConnection_PublishRequestString(broker.native(), called.growth(category).c_str(), own.c_str(),
                                      std::to_string(head).c_str());
}

growth_watch::growth_watch(std::shared_ptr<connection> broker, const names& called, std::string own,
                           event_log::on_growth grown)
    : broker_(std::move(broker)),
      before_category_(called.growth("")),
      own_(std::move(own)),
      grown_(std::move(grown)) {
  natsSubscription* made = nullptr;
  // Without a subscription there is still each subscriber's own look at the log.
  if (natsConnection_SubscribeSync(&made, broker_->native(), called.growth("*").c_str()) !=
      NATS_OK) {
    return;
  }
  heard_.reset(made);
  listener_ = std::thread([this] { listen(); });
}

growth_watch::~growth_watch() {
  if (!heard_) return;
  natsSubscription_Unsubscribe(heard_.get());
  listener_.join();
}

void growth_watch::listen() {
  for (;;) {
    natsMsg* received = nullptr;
    const auto status = natsSubscription_NextMsg(&received, heard_.get(), an_hour);
    if (status != NATS_OK && status != NATS_TIMEOUT && status != NATS_SLOW_CONSUMER) return;
    if (status != NATS_OK) continue;
    const message_ptr owned(received);
    const auto* teller = natsMsg_GetReply(received);
    if (teller != nullptr && own_ == teller) continue;
    const auto text = body_of(*owned);
    position_t head = 0;
    std::from_chars(text.data(), text.data() + text.size(), head);
    const auto category = subject_of(*owned).substr(before_category_.size());
    if (head > 0) grown_(std::string(category), head);
  }
}

}  // namespace troupe::nats
