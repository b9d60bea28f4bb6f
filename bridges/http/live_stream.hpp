#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>

#include "bridges/http/connection.hpp"
#include "runtime/core/clock.hpp"

namespace troupe::http {

/// The body of an answer that goes on: server-sent events, until the peer leaves or the server
/// stops. Nothing is queued: a piece is sent before the next one is made, and a peer that does not
/// take one in time is cut off. For one thread, but for `wake`.
class live_stream {
 public:
  struct limits {
    std::chrono::seconds write_timeout{5};  ///< For one piece.
    std::chrono::milliseconds heartbeat{10'000};
    monotonic_time ends = monotonic_time::max();  ///< The stream ends then.
  };

  live_stream(connection& peer, limits bounds);
  ~live_stream();
  live_stream(const live_stream&) = delete;
  live_stream& operator=(const live_stream&) = delete;

  /// False when the stream has ended: the peer has left or is too slow, its time is over, or the
  /// server stops.
  [[nodiscard]] bool going_on();
  bool send(std::string_view text);
  /// Has it ended because the peer did not take a piece in time?
  [[nodiscard]] bool too_slow() const { return too_slow_; }

  /// Waits for `wake`, and for one heartbeat at most, which it sends: look at the source in any
  /// case. False when the stream has ended.
  bool wait();

  /// Ends the present or the next `wait`. Any thread; cheap while nobody has waited since.
  void wake();

 private:
  connection& peer_;
  const limits limits_;
  const int signal_;
  std::atomic<bool> signalled_{false};
  bool ended_ = false;
  bool too_slow_ = false;
};

/// One server-sent event. The data must be a single line; `id` and `event` are left out when "".
std::string sse_message(std::string_view id, std::string_view event, std::string_view data);

/// What every stream begins with: how soon to come back after its end.
inline constexpr std::string_view sse_begin = "retry: 1000\n\n";

}  // namespace troupe::http
