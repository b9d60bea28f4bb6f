#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include <httplib.h>

namespace troupe::http {

/// Stops a client when its time is over or a stop is asked for: the library bounds single waits
/// only, and a peer that sends a byte now and then would never end.
class time_limit {
 public:
  time_limit(httplib::Client& client, std::stop_token stopping, std::chrono::milliseconds patience)
      : watching_([this, &client, stopping = std::move(stopping), patience] {
          std::unique_lock lock(mutex_);
          changed_.wait_for(lock, stopping, patience, [this] { return done_; });
          // Again and again, since one that is just connecting is not stopped.
          while (!done_) {
            client.stop();
            changed_.wait_for(lock, std::chrono::milliseconds(100));
          }
        }) {}

  ~time_limit() {
    {
      const std::lock_guard lock(mutex_);
      done_ = true;
      changed_.notify_all();
    }
    watching_.join();
  }
  time_limit(const time_limit&) = delete;
  time_limit& operator=(const time_limit&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool done_ = false;
  std::thread watching_;
};

}  // namespace troupe::http
