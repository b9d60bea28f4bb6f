#pragma once

#include <chrono>
#include <functional>

#include "bridges/nats/connection.hpp"

namespace troupe::nats {

/// Asked with the reason before each new try of what a broker is not ready for yet; false gives up.
using keep_waiting = std::function<bool(const error& why)>;

/// Tries until it is done or the broker says that it cannot be done, at most for 30 s: servers that
/// were just started find each other and a leader in seconds, and slow disks add to it. Without
/// `asked`, all tries are made.
template <class Try>
auto with_patience(const connection& broker, const keep_waiting& asked, Try attempt)
    -> decltype(attempt()) {
  constexpr auto longest = std::chrono::seconds(30);
  constexpr auto pause_before_next_try = std::chrono::milliseconds(500);
  const auto deadline = std::chrono::steady_clock::now() + longest;
  for (;;) {
    auto done = attempt();
    const bool may_come = !done && done.error().code == errc::unavailable;
    if (!may_come || std::chrono::steady_clock::now() >= deadline) return done;
    if (asked && !asked(done.error())) return done;
    broker.pause(pause_before_next_try);
  }
}

}  // namespace troupe::nats
