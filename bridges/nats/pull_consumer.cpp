#include "bridges/nats/pull_consumer.hpp"

#include <utility>

#include "runtime/core/json.hpp"

namespace troupe::nats {
namespace {

constexpr std::int64_t expires_nanoseconds = std::int64_t{30} * 1'000'000'000;
/// The broker says so often that it still knows the request …
constexpr std::int64_t heartbeat_nanoseconds = std::int64_t{1} * 1'000'000'000;
/// … and after this silence it does not.
constexpr std::int64_t longest_silence_milliseconds = 5'000;
/// For messages that the broker has sent already.
constexpr std::int64_t longest_drain_milliseconds = 2'000;

// What the broker says in place of a message.
constexpr int heartbeat = 100;
constexpr int expired = 408;
constexpr int ended = 409;

}  // namespace

pull_consumer::pull_consumer(std::shared_ptr<connection> broker, const std::string& stream,
                             const std::string& name)
    : broker_(std::move(broker)),
      name_(name),
      ask_("$JS.API.CONSUMER.MSG.NEXT." + stream + '.' + name),
      lost_(broker_->on_lost([this] {
        const std::lock_guard lock(mutex_);
        if (messages_) natsSubscription_Unsubscribe(messages_.get());
      })) {}

pull_consumer::~pull_consumer() { end(false); }

natsSubscription* pull_consumer::subscribe() {
  const std::lock_guard lock(mutex_);
  if (over_) return nullptr;
  if (messages_ && natsSubscription_IsValid(messages_.get())) return messages_.get();
  natsInbox* inbox = nullptr;
  if (natsInbox_Create(&inbox) != NATS_OK) return nullptr;
  inbox_ = inbox;
  natsInbox_Destroy(inbox);
  natsSubscription* made = nullptr;
  if (natsConnection_SubscribeSync(&made, broker_->native(), inbox_.c_str()) != NATS_OK) {
    return nullptr;
  }
  messages_.reset(made);
  return made;
}

result<pull_consumer::next_step> pull_consumer::take(std::size_t count,
                                                     const std::function<void(message_ptr)>& each) {
  auto* const messages = subscribe();
  if (messages == nullptr) return next_step::wait;
  const auto wish = json{{"batch", count},
                         {"expires", expires_nanoseconds},
                         {"idle_heartbeat", heartbeat_nanoseconds}}
                        .dump();
  if (natsConnection_PublishRequest(broker_->native(), ask_.c_str(), inbox_.c_str(), wish.data(),
                                    static_cast<int>(wish.size())) != NATS_OK) {
    return next_step::wait;
  }
  while (count > 0) {
    natsMsg* received = nullptr;
    const auto got = natsSubscription_NextMsg(&received, messages, longest_silence_milliseconds);
    if (got == NATS_NO_RESPONDERS) return next_step::wait;
    if (got == NATS_SLOW_CONSUMER) continue;
    if (got != NATS_OK) {
      // The request is lost; should its messages come all the same, they are
      // not wanted twice.
      if (got == NATS_TIMEOUT) natsSubscription_Unsubscribe(messages);
      return next_step::ask;
    }
    message_ptr owned(received);
    const auto status = status_of(*owned);
    if (status == 0 || status == heartbeat || status == expired) ++heard_;
    if (status == heartbeat) continue;
    if (status == expired) return next_step::ask;
    if (status == ended && header_of(*owned, "Description") == "Consumer Deleted") {
      return error{errc::not_found, "the consumer '" + name_ + "' has been removed"};
    }
    if (status != 0) return next_step::wait;
    --count;
    each(std::move(owned));
  }
  return next_step::ask;
}

void pull_consumer::end(bool take_rest) {
  const std::lock_guard lock(mutex_);
  over_ = true;
  withdraw(take_rest);
}

void pull_consumer::let_go() {
  const std::lock_guard lock(mutex_);
  withdraw(true);
}

void pull_consumer::withdraw(bool take_rest) {
  if (!messages_) return;
  const bool draining =
      take_rest && broker_->connected() &&
      natsSubscription_DrainTimeout(messages_.get(), longest_drain_milliseconds) == NATS_OK;
  if (!draining) natsSubscription_Unsubscribe(messages_.get());
}

}  // namespace troupe::nats
