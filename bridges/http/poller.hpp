#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "runtime/core/result.hpp"

namespace troupe::http {

/// A thread that watches sockets and says which of them can be read: once for everything that has
/// arrived by then, so whoever is told reads until nothing is left. What it calls must not block.
class poller {
 public:
  /// Called on the poller's thread. Sockets go by the number they were given.
  struct callbacks {
    std::function<void(std::uint64_t id)> ready;        ///< This one can be read.
    std::function<void(std::uint64_t id)> handed_back;  ///< Somebody has called `hand_back`.
    std::function<void()> tick;                         ///< About once a second.
  };

  /// `unavailable` when the system has no descriptor or thread left.
  static result<std::unique_ptr<poller>> make(callbacks told);
  ~poller();
  poller(const poller&) = delete;
  poller& operator=(const poller&) = delete;

  /// From now on this socket is watched, until it is closed. False: the system has no memory for
  /// it. Any thread.
  bool watch(int socket, std::uint64_t id);

  /// Has `handed_back` called. Any thread. The poller may be destroyed as soon as that call has
  /// been made, even if this one is still about to return.
  void hand_back(std::uint64_t id);

 private:
  explicit poller(callbacks told);
  void run();
  void wake();
  void take_back();

  const callbacks told_;
  const int events_;
  const int signal_;
  std::atomic<bool> ending_{false};
  std::mutex mutex_;
  std::vector<std::uint64_t> back_;  ///< Handed back and not yet told of.
  std::thread thread_;
};

}  // namespace troupe::http
