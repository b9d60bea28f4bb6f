#include "bridges/nats/request_window.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace troupe::nats {
namespace {

constexpr std::size_t max_in_flight = 1024;
/// The library sends what is in its buffer after a millisecond, which pays where much is sent. So
/// few requests are sent at once, and a ping behind them.
constexpr std::size_t sent_at_once = 16;

std::int64_t milliseconds_until(monotonic_time deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline - std::chrono::steady_clock::now());
  return std::max<std::int64_t>(left.count(), 1);
}

}  // namespace

result<std::unique_ptr<request_window>> request_window::open(std::shared_ptr<connection> broker) {
  natsInbox* made = nullptr;
  if (const auto status = natsInbox_Create(&made); status != NATS_OK) {
    return failure_of(status, "an inbox for answers");
  }
  std::string inbox = made;
  natsInbox_Destroy(made);
  natsSubscription* subscribed = nullptr;
  if (const auto status =
          natsConnection_SubscribeSync(&subscribed, broker->native(), (inbox + ".*").c_str());
      status != NATS_OK) {
    return failure_of(status, "an inbox for answers");
  }
  subscription_ptr owned(subscribed);
  // There are never more answers than requests in flight.
  natsSubscription_SetPendingLimits(subscribed, -1, -1);
  return std::unique_ptr<request_window>(
      new request_window(std::move(broker), std::move(inbox), std::move(owned)));
}

request_window::request_window(std::shared_ptr<connection> broker, std::string inbox,
                               subscription_ptr answers)
    : broker_(std::move(broker)),
      inbox_(std::move(inbox)),
      answers_(std::move(answers)),
      lost_(broker_->on_lost([sub = answers_.get()] { natsSubscription_Unsubscribe(sub); })) {}

std::vector<answer> request_window::exchange(std::span<const outgoing> requests,
                                             monotonic_time deadline) {
  std::vector<answer> answers(requests.size());
  const auto first = next_;
  next_ += requests.size();
  std::size_t in_flight = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (ended() || !broker_->connected()) break;
    const auto message = to_native(requests[i], inbox_ + '.' + std::to_string(first + i));
    if (!message) continue;
    const auto status = natsConnection_PublishMsg(broker_->native(), message.get());
    // Others than these may have put it into the library's buffer before they failed.
    answers[i].sent = status != NATS_INSUFFICIENT_BUFFER && status != NATS_MAX_PAYLOAD &&
                      status != NATS_CONNECTION_CLOSED && status != NATS_INVALID_SUBJECT;
    if (status != NATS_OK) continue;
    ++in_flight;
    if (in_flight >= max_in_flight) {
      if (!receive(answers, first, deadline)) return answers;
      --in_flight;
    }
  }
  // Whether the ping is answered does not matter, so nobody waits for that: the requests are, or
  // not.
  if (in_flight > 0 && requests.size() <= sent_at_once)
    natsConnection_FlushTimeout(broker_->native(), 1);
  for (; in_flight > 0; --in_flight) {
    if (!receive(answers, first, deadline)) break;
  }
  return answers;
}

answer request_window::exchange(const outgoing& request, monotonic_time deadline) {
  return std::move(exchange({&request, 1}, deadline).front());
}

bool request_window::receive(std::vector<answer>& answers, std::uint64_t first,
                             monotonic_time deadline) {
  for (;;) {
    natsMsg* received = nullptr;
    // Ends at once when the connection is lost.
    const auto status =
        natsSubscription_NextMsg(&received, answers_.get(), milliseconds_until(deadline));
    if (status != NATS_OK) return false;
    message_ptr owned(received);
    const auto subject = subject_of(*owned).substr(inbox_.size() + 1);
    std::uint64_t number = 0;
    std::from_chars(subject.data(), subject.data() + subject.size(), number);
    if (number < first || number >= first + answers.size()) continue;
    auto& slot = answers[number - first];
    if (slot.message) continue;
    slot.message = std::move(owned);
    return true;
  }
}

result<std::unique_ptr<request_window>> window_pool::take() {
  {
    const std::lock_guard lock(mutex_);
    while (!idle_.empty()) {
      auto one = std::move(idle_.back());
      idle_.pop_back();
      if (!one->ended()) return one;
    }
  }
  if (auto connected = broker_->connected(); !connected) return connected.error();
  return request_window::open(broker_);
}

void window_pool::give_back(std::unique_ptr<request_window> one) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(one));
}

}  // namespace troupe::nats
