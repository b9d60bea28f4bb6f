#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

namespace troupe::nats {

/// Hands things from any thread to one that waits for them.
template <class T>
class arrivals {
 public:
  void put(T one) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(one));
    some_.notify_one();
  }

  /// All that has come; waits for the first at most this long.
  std::vector<T> take(std::chrono::milliseconds at_most) {
    std::unique_lock lock(mutex_);
    some_.wait_for(lock, at_most, [this] { return !waiting_.empty(); });
    return std::exchange(waiting_, {});
  }

 private:
  std::mutex mutex_;
  std::condition_variable some_;
  std::vector<T> waiting_;
};

}  // namespace troupe::nats
