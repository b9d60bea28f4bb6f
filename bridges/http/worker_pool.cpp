#include "bridges/http/worker_pool.hpp"

#include <chrono>
#include <system_error>
#include <utility>

namespace troupe::http {
namespace {

constexpr std::chrono::seconds idle_time{30};

}  // namespace

bool worker_pool::run(std::function<void()> task) {
  std::list<std::thread> ended;
  {
    const std::lock_guard lock(mutex_);
    ended.swap(ended_);
    if (ending_) return false;
    if (handed_over_.size() < idle_) {
      handed_over_.push_back(std::move(task));
      changed_.notify_one();
    } else {
      if (threads_.size() >= max_threads_) return false;
      const auto self = threads_.emplace(threads_.end());
      try {
        *self = std::thread(
            [this, self, task = std::move(task)]() mutable { work(self, std::move(task)); });
      } catch (const std::system_error&) {  // No more threads to be had.
        threads_.erase(self);
        return false;
      }
    }
  }
  for (auto& thread : ended) thread.join();
  return true;
}

void worker_pool::work(std::list<std::thread>::iterator self, std::function<void()> task) {
  for (;;) {
    task();
    task = nullptr;
    std::unique_lock lock(mutex_);
    ++idle_;
    changed_.wait_for(lock, idle_time, [&] { return ending_ || !handed_over_.empty(); });
    --idle_;
    if (handed_over_.empty()) {
      ended_.splice(ended_.end(), threads_, self);
      changed_.notify_all();
      return;
    }
    task = std::move(handed_over_.back());
    handed_over_.pop_back();
  }
}

void worker_pool::shutdown() {
  std::list<std::thread> ended;
  {
    std::unique_lock lock(mutex_);
    ending_ = true;
    changed_.notify_all();
    changed_.wait(lock, [&] { return threads_.empty(); });
    ended.swap(ended_);
  }
  for (auto& thread : ended) thread.join();
}

}  // namespace troupe::http
