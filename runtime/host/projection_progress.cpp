#include "runtime/host/projection_progress.hpp"

#include <algorithm>
#include <utility>

namespace troupe::host {
namespace {
constexpr auto crash_window = std::chrono::minutes(1);
constexpr auto rate_window = std::chrono::seconds(1);
}  // namespace

void projection_progress::reached(position_t position, std::size_t events, std::size_t parked,
                                  monotonic_time now) {
  std::unique_lock lock(mutex_);
  now_.position = position;
  now_.events += events;
  now_.parked += parked;
  now_.failing = false;
  if (now - second_ >= rate_window) {
    last_second_ = now - second_ < 2 * rate_window ? this_second_ : 0;
    this_second_ = 0;
    second_ = now;
  }
  this_second_ += events;
  std::erase_if(crashed_on_, [&](const event_place& place) { return place.position <= position; });
  lock.unlock();
  moved_.notify_all();
  listeners_.notify();
}

void projection_progress::restarted_at(position_t position) {
  {
    const std::lock_guard lock(mutex_);
    // Somebody else has got past what this one failed at.
    if (position > now_.position && !now_.halted) now_.failing = false;
    now_.position = position;
  }
  moved_.notify_all();
  listeners_.notify();
}

void projection_progress::failing(std::string why) {
  const std::lock_guard lock(mutex_);
  now_.failing = true;
  now_.last_error = std::move(why);
}

void projection_progress::pause() {
  const std::lock_guard lock(mutex_);
  now_.paused = true;
}

void projection_progress::halt(std::string why) {
  const std::lock_guard lock(mutex_);
  now_.paused = true;
  now_.halted = true;
  now_.failing = true;
  now_.last_error = std::move(why);
  moved_.notify_all();
}

void projection_progress::resume() {
  const std::lock_guard lock(mutex_);
  now_.paused = false;
  if (std::exchange(now_.halted, false)) now_.failing = false;
}

bool projection_progress::paused() const {
  const std::lock_guard lock(mutex_);
  return now_.paused;
}

void projection_progress::set_standby(bool standby) {
  const std::lock_guard lock(mutex_);
  now_.standby = standby;
  // What it failed at is another node's work now.
  if (standby && !now_.halted) now_.failing = false;
}

void projection_progress::rebuild_until(position_t position) {
  const std::lock_guard lock(mutex_);
  rebuild_target_ = position;
}

void projection_progress::crashed_on(const event_place& place, const std::string& what,
                                     monotonic_time now) {
  const std::lock_guard lock(mutex_);
  now_.failing = true;
  now_.last_error = "event " + std::to_string(place.version) + " at position " +
                    std::to_string(place.position) + ": " + what;
  crashed_on_.insert(place);
  std::erase_if(crashes_, [&](monotonic_time crash) { return now - crash > crash_window; });
  crashes_.push_back(now);
}

bool projection_progress::give_up_on(const event_place& place, monotonic_time now) const {
  const std::lock_guard lock(mutex_);
  const auto recent = std::ranges::count_if(
      crashes_, [&](monotonic_time crash) { return now - crash <= crash_window; });
  return crashed_on_.contains(place) || static_cast<unsigned>(recent) >= crash_bound_;
}

bool projection_progress::await(position_t position, monotonic_time deadline) const {
  std::unique_lock lock(mutex_);
  // Whoever waits for a halted one would wait in vain.
  const auto over = [&] { return now_.halted || now_.position >= position; };
  if (deadline == monotonic_time::max()) {
    moved_.wait(lock, over);
  } else {
    moved_.wait_until(lock, deadline, over);
  }
  return !now_.halted && now_.position >= position;
}

projection_progress::snapshot projection_progress::read(monotonic_time now) const {
  const std::lock_guard lock(mutex_);
  auto seen = now_;
  seen.rebuilding = now_.position < rebuild_target_;
  const auto elapsed = now - second_;
  if (elapsed < rate_window) {
    seen.events_per_second = static_cast<double>(last_second_);
  } else if (elapsed < 2 * rate_window) {
    seen.events_per_second = static_cast<double>(this_second_);
  }
  return seen;
}

}  // namespace troupe::host
