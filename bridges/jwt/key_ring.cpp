#include "bridges/jwt/key_ring.hpp"

#include <exception>
#include <utility>

namespace troupe::jwt {
namespace {

/// How long a start waits for the first keys; without any, nobody who has a token is let in yet.
constexpr std::chrono::seconds first_patience{8};

}  // namespace

key_ring::snapshot key_ring::now() const {
  const std::lock_guard lock(mutex_);
  return now_;
}

bool key_ring::want_newer(std::uint64_t fetches) {
  const std::lock_guard lock(mutex_);
  if (now_.fetches != fetches || fetching_) return true;
  const bool at_once = schedule_.may_begin(std::chrono::steady_clock::now());
  schedule_.want();
  changed_.notify_all();
  return at_once;
}

void key_ring::await_newer(std::uint64_t fetches, monotonic_time deadline) const {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, deadline, [&] { return now_.fetches != fetches; });
}

result<void> key_ring::start(on_failure failed) {
  const auto before = now().fetches;
  {
    const std::lock_guard life(life_cycle_);
    if (thread_.joinable()) return error{errc::invalid, "bridge keys has already been started"};
    stop_ = std::stop_source();
    thread_ = std::thread([this, stopping = stop_.get_token(), failed = std::move(failed)] {
      try {
        keep_fresh(stopping);
      } catch (const std::exception& problem) {
        if (failed) failed(std::string("keeping the keys fresh broke down: ") + problem.what());
      }
    });
  }
  await_newer(before, std::chrono::steady_clock::now() + first_patience);
  return {};
}

void key_ring::stop() {
  const std::lock_guard life(life_cycle_);
  if (!thread_.joinable()) return;
  stop_.request_stop();
  thread_.join();
}

void key_ring::keep_fresh(const std::stop_token& stopping) {
  const std::stop_callback wake(stopping, [this] {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  });
  std::unique_lock lock(mutex_);
  while (!stopping.stop_requested()) {
    const auto next = schedule_.next();
    if (next > std::chrono::steady_clock::now()) {
      changed_.wait_until(lock, next);
      continue;
    }
    schedule_.begin(std::chrono::steady_clock::now());
    fetching_ = true;
    lock.unlock();
    fetch(stopping);
    lock.lock();
  }
}

void key_ring::fetch(const std::stop_token& stopping) {
  auto text = source_->fetch(stopping);
  auto keys = text ? key_set::parse(*text) : result<key_set>(std::move(text).error());
  const std::lock_guard lock(mutex_);
  fetching_ = false;
  ++now_.fetches;
  last_error_ = keys ? "" : keys.error().message;
  if (keys) now_.keys = std::make_shared<const key_set>(*std::move(keys));
  changed_.notify_all();
}

json key_ring::describe() const {
  const std::lock_guard lock(mutex_);
  auto described = now_.keys ? now_.keys->describe() : json::object();
  described["source"] = source_->place();
  described["fetches"] = now_.fetches;
  described["lastError"] = last_error_.empty() ? json(nullptr) : json(last_error_);
  return described;
}

}  // namespace troupe::jwt
