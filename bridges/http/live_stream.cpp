#include "bridges/http/live_stream.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <tuple>

namespace troupe::http {

using std::chrono::steady_clock;

live_stream::live_stream(connection& peer, limits bounds)
    : peer_(peer), limits_(bounds), signal_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (signal_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

live_stream::~live_stream() { ::close(signal_); }

bool live_stream::going_on() {
  if (!ended_) {
    const auto now = steady_clock::now();
    ended_ = now >= limits_.ends || peer_.wait_beside(signal_, now) == connection::waking::ended;
  }
  return !ended_;
}

bool live_stream::send(std::string_view text) {
  if (ended_) return false;
  std::string_view nothing;
  const auto sent = peer_.send(text, nothing, steady_clock::now() + limits_.write_timeout);
  too_slow_ = sent == connection::reading::late;
  ended_ = sent != connection::reading::done;
  return !ended_;
}

bool live_stream::wait() {
  if (ended_) return false;
  const auto until = std::min(steady_clock::now() + limits_.heartbeat, limits_.ends);
  switch (peer_.wait_beside(signal_, until)) {
    case connection::waking::ended:
      ended_ = true;
      return false;
    case connection::waking::late:
      if (until == limits_.ends) ended_ = true;
      return send(":\n\n");
    case connection::waking::woken:
      break;
  }
  // In this order: a `wake` that comes in between is for a change that the caller will see anyway.
  std::uint64_t count = 0;
  std::ignore = ::read(signal_, &count, sizeof(count));
  signalled_ = false;
  return true;
}

void live_stream::wake() {
  if (signalled_.exchange(true)) return;
  const std::uint64_t one = 1;
  std::ignore = ::write(signal_, &one, sizeof(one));
}

std::string sse_message(std::string_view id, std::string_view event, std::string_view data) {
  std::string text;
  text.reserve(id.size() + event.size() + data.size() + 32);
  if (!id.empty()) text.append("id: ").append(id).append("\n");
  if (!event.empty()) text.append("event: ").append(event).append("\n");
  return text.append("data: ").append(data).append("\n\n");
}

}  // namespace troupe::http
