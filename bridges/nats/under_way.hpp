#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace troupe::nats {

/// Counts commands under way, so that a drain can wait for the last one.
/// Thread-safe.
class under_way {
 public:
  void begin() {
    const std::lock_guard lock(mutex_);
    ++count_;
  }
  void end() {
    const std::lock_guard lock(mutex_);
    if (--count_ == 0) none_.notify_all();
  }
  [[nodiscard]] std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }

  /// Waits until nothing is under way, or until `give_up`.
  void await_none() {
    std::unique_lock lock(mutex_);
    none_.wait(lock, [this] { return count_ == 0 || given_up_; });
  }
  /// From now on nobody waits.
  void give_up() {
    const std::lock_guard lock(mutex_);
    given_up_ = true;
    none_.notify_all();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable none_;
  std::size_t count_ = 0;
  bool given_up_ = false;
};

}  // namespace troupe::nats
