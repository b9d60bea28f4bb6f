#include "bridges/http/poller.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <limits>
#include <memory>
#include <system_error>
#include <tuple>
#include <utility>

namespace troupe::http {
namespace {

/// Stands for `hand_back` and the end among the sockets' numbers.
constexpr auto own_signal = std::numeric_limits<std::uint64_t>::max();

constexpr std::chrono::milliseconds tick_interval{1000};

constexpr std::size_t max_events_at_once = 256;

}  // namespace

result<std::unique_ptr<poller>> poller::make(callbacks told) {
  std::unique_ptr<poller> made(new poller(std::move(told)));
  if (made->events_ < 0 || made->signal_ < 0 || !made->watch(made->signal_, own_signal)) {
    return error{errc::unavailable,
                 std::string("connections cannot be watched: ") + std::strerror(errno)};
  }
  try {
    made->thread_ = std::thread([poller = made.get()] { poller->run(); });
  } catch (const std::system_error& problem) {
    return error{errc::unavailable,
                 std::string("connections cannot be watched: ") + problem.what()};
  }
  return made;
}

poller::poller(callbacks told)
    : told_(std::move(told)),
      events_(::epoll_create1(EPOLL_CLOEXEC)),
      signal_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

poller::~poller() {
  ending_ = true;
  if (thread_.joinable()) {
    wake();
    thread_.join();
  }
  if (events_ >= 0) ::close(events_);
  if (signal_ >= 0) ::close(signal_);
}

bool poller::watch(int socket, std::uint64_t id) {
  epoll_event wanted{};
  wanted.events = EPOLLIN | EPOLLRDHUP | EPOLLET;
  wanted.data.u64 = id;
  return ::epoll_ctl(events_, EPOLL_CTL_ADD, socket, &wanted) == 0;
}

void poller::hand_back(std::uint64_t id) {
  // Signalled under the lock, which `take_back` waits for: nothing here is touched after that.
  const std::lock_guard lock(mutex_);
  back_.push_back(id);
  if (back_.size() == 1) wake();
}

void poller::wake() {
  const std::uint64_t one = 1;
  std::ignore = ::write(signal_, &one, sizeof(one));
}

void poller::take_back() {
  std::uint64_t count = 0;
  std::ignore = ::read(signal_, &count, sizeof(count));
  std::vector<std::uint64_t> back;
  {
    const std::lock_guard lock(mutex_);
    back.swap(back_);
  }
  for (const auto id : back) told_.handed_back(id);
}

void poller::run() {
  std::array<epoll_event, max_events_at_once> happened{};
  auto next_tick = std::chrono::steady_clock::now() + tick_interval;
  while (!ending_) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(next_tick - std::chrono::steady_clock::now());
    const auto patience = static_cast<int>(std::max<std::int64_t>(left.count(), 0));
    const int count =
        ::epoll_wait(events_, happened.data(), static_cast<int>(happened.size()), patience);
    for (int i = 0; i < count; ++i) {
      const auto id = happened[static_cast<std::size_t>(i)].data.u64;
      if (id == own_signal) {
        take_back();
      } else {
        told_.ready(id);
      }
    }
    if (const auto now = std::chrono::steady_clock::now(); now >= next_tick) {
      told_.tick();
      next_tick = now + tick_interval;
    }
  }
}

}  // namespace troupe::http
