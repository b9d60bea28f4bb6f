#include "bridges/nats/retired_consumers.hpp"

#include <utility>

namespace troupe::nats {
namespace {

constexpr std::size_t most_waiting = 8;

void end(subscription_ptr consumer) { natsSubscription_Unsubscribe(consumer.get()); }

}  // namespace

retired_consumers::retired_consumers() : thread_([this] { work(); }) {}

retired_consumers::~retired_consumers() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void retired_consumers::add(subscription_ptr consumer) {
  std::unique_lock lock(mutex_);
  if (waiting_.size() < most_waiting) {
    waiting_.push_back(std::move(consumer));
    lock.unlock();
    wake_.notify_one();
  } else {
    lock.unlock();
    end(std::move(consumer));
  }
}

void retired_consumers::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    auto consumer = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    end(std::move(consumer));
    lock.lock();
  }
}

}  // namespace troupe::nats
