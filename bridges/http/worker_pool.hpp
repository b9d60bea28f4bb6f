#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

namespace troupe::http {

/// Threads for tasks that block, made on demand and reused. Never queues a task behind a running
/// one. Thread-safe.
class worker_pool {
 public:
  explicit worker_pool(std::size_t max_threads) : max_threads_(max_threads) {}
  ~worker_pool() { shutdown(); }
  worker_pool(const worker_pool&) = delete;
  worker_pool& operator=(const worker_pool&) = delete;

  /// Runs the task on a thread of its own; false, and the task is not run, when all threads are
  /// busy.
  bool run(std::function<void()> task);

  /// Waits for the running tasks and ends the threads. Nothing runs afterwards. Idempotent.
  void shutdown();

 private:
  void work(std::list<std::thread>::iterator self, std::function<void()> task);

  const std::size_t max_threads_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::function<void()>> handed_over_;  ///< Each has an idle thread that will take it.
  std::size_t idle_ = 0;
  bool ending_ = false;
  std::list<std::thread> threads_;
  std::list<std::thread> ended_;  ///< To be joined.
};

}  // namespace troupe::http
