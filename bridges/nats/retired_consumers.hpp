#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "bridges/nats/message.hpp"

namespace troupe::nats {

/// Ends consumers that have been read from, on a thread of its own: the library waits until the
/// broker has removed each, and whoever has what they read need not. Thread-safe.
class retired_consumers {
 public:
  retired_consumers();
  retired_consumers(const retired_consumers&) = delete;
  retired_consumers& operator=(const retired_consumers&) = delete;
  /// Ends those that are left: at most a few, each within the time that the broker may take.
  ~retired_consumers();

  /// Ends it soon; now, on the caller's thread, where too many wait already.
  void add(subscription_ptr consumer);

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<subscription_ptr> waiting_;
  bool stopping_ = false;
  std::thread thread_;  ///< The last one, so that it finds the others.
};

}  // namespace troupe::nats
