#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bridges/http/connection.hpp"
#include "bridges/http/exchange.hpp"
#include "bridges/http/router.hpp"
#include "runtime/core/span.hpp"

namespace troupe::http {

/// A connection and the request on it, on their way between threads. It has one owner at a time:
/// the poller's thread, a worker, or whoever is to answer the request; nobody between two requests.
/// Only its owner touches it, but for what is atomic.
struct session {
  session(std::uint64_t number, int socket, bool came_late)
      : id(number), late(came_late), peer(socket) {}

  /// Makes the caller the owner. False if somebody else is, who will look for more input before
  /// letting go of it.
  bool claim() {
    auto before = stage::idle;
    if (stage_.compare_exchange_strong(before, stage::owned)) return true;
    before = stage::owned;
    stage_.compare_exchange_strong(before, stage::called);
    return false;
  }

  /// The owner lets go: its last touch. False, and it is still the owner, if somebody has tried to
  /// claim it meanwhile: there may be more input.
  bool release() {
    auto before = stage::owned;
    if (stage_.compare_exchange_strong(before, stage::idle)) return true;
    stage_ = stage::owned;
    return false;
  }

  const std::uint64_t id;
  const bool late;  ///< It came while the server was draining.
  connection peer;
  std::chrono::steady_clock::time_point idle_since = std::chrono::steady_clock::now();
  /// Within an answer that goes on until it is ended.
  std::atomic<bool> streaming{false};

  /// The request in hand, from its first byte until it is answered.
  bool in_flight = false;  ///< It is counted as such.
  std::string head_text;
  request_head head;  ///< Views into `head_text`.
  trace_context trace;
  std::unique_ptr<span> traced;     ///< Where this request is traced, until it is answered.
  const endpoint* found = nullptr;  ///< Set when routed.
  std::optional<timestamp> until;   ///< An answer that goes on ends then.
  std::chrono::steady_clock::time_point began;

  /// Its answer, while it is being sent.
  int status = 0;
  bool keep_alive = true;
  std::string answer_head;
  std::string answer_body;
  std::string_view head_left;
  std::string_view body_left;

 private:
  enum class stage : std::uint8_t { idle, owned, called };
  std::atomic<stage> stage_{stage::owned};
};

using session_ptr = std::shared_ptr<session>;

}  // namespace troupe::http
