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

  /// All that has come; waits for the first until then, or until `close`.
  std::vector<T> take(std::chrono::steady_clock::time_point until) {
    std::unique_lock lock(mutex_);
    some_.wait_until(lock, until, [this] { return closed_ || !waiting_.empty(); });
    return std::exchange(waiting_, {});
  }

  /// From now on `take` does not wait.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    some_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable some_;
  std::vector<T> waiting_;
  bool closed_ = false;
};

}  // namespace troupe::nats
