#include "bridges/http/connection.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace troupe::http {
namespace {

bool is_from_this_machine(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return false;
  if (address.ss_family == AF_INET) {
    const auto& four = reinterpret_cast<const sockaddr_in&>(address);
    return (ntohl(four.sin_addr.s_addr) >> 24U) == 127;
  }
  if (address.ss_family == AF_INET6) {
    const auto& six = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(&six) || (IN6_IS_ADDR_V4MAPPED(&six) && six.s6_addr[12] == 127);
  }
  return false;
}

/// May one more read or write begin? One always may that does not wait.
bool is_over(connection::deadline until) {
  return until != connection::at_once && std::chrono::steady_clock::now() >= until;
}

}  // namespace

connection::connection(int socket)
    : socket_(socket), from_this_machine_(is_from_this_machine(socket)) {}

std::string connection::peer_address() const {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  std::array<char, NI_MAXHOST> text{};
  if (::getpeername(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
      ::getnameinfo(reinterpret_cast<sockaddr*>(&address), size, text.data(), text.size(), nullptr,
                    0, NI_NUMERICHOST) != 0) {
    return "";
  }
  return text.data();
}

connection::~connection() { ::close(socket_); }

connection::reading connection::receive(deadline until) {
  const int flags = until == at_once ? MSG_DONTWAIT : 0;
  for (;;) {
    const auto received = ::recv(socket_, chunk_.data(), chunk_.size(), flags);
    if (received > 0) {
      input_.append(chunk_.data(), static_cast<std::size_t>(received));
      return reading::done;
    }
    if (received == 0) return reading::ended;
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return reading::ended;
    if (std::chrono::steady_clock::now() >= until) return reading::late;
  }
}

connection::reading connection::read_head(std::string& head, std::size_t max_bytes,
                                          deadline until) {
  input_.erase(0, begin_);
  begin_ = 0;
  std::size_t line = 0;
  std::size_t scanned = 0;
  for (;;) {
    for (;;) {
      const auto newline = input_.find('\n', scanned);
      if (newline == std::string::npos) break;
      if (newline == line || input_[newline - 1] != '\r') return reading::malformed;
      const bool empty = newline - line == 1;
      scanned = newline + 1;
      if (empty && line > 0) {
        if (scanned > max_bytes) return reading::too_long;
        head.assign(input_, 0, scanned);
        begin_ = scanned;
        return reading::done;
      }
      if (empty) {
        input_.erase(0, scanned);
        scanned = 0;
      }
      line = scanned;
    }
    scanned = input_.size();
    if (input_.size() > max_bytes) return reading::too_long;
    if (is_over(until)) return reading::late;
    if (const auto got = receive(until); got != reading::done) return got;
  }
}

connection::reading connection::read_body(std::string_view& body, std::size_t bytes,
                                          deadline until) {
  while (input_.size() - begin_ < bytes) {
    if (is_over(until)) return reading::late;
    if (const auto got = receive(until); got != reading::done) return got;
  }
  body = std::string_view(input_).substr(begin_, bytes);
  body_size_ = bytes;
  return reading::done;
}

void connection::forget_body() {
  constexpr std::size_t worth_keeping = 64 * 1024;
  begin_ += body_size_;
  body_size_ = 0;
  if (input_.capacity() > worth_keeping) {
    input_.erase(0, begin_);
    begin_ = 0;
    input_.shrink_to_fit();
  }
}

connection::reading connection::send(std::string_view& head, std::string_view& body,
                                     deadline until) {
  const int flags = MSG_NOSIGNAL | (until == at_once ? MSG_DONTWAIT : 0);
  while (!head.empty() || !body.empty()) {
    std::array<iovec, 2> parts{{{const_cast<char*>(head.data()), head.size()},
                                {const_cast<char*>(body.data()), body.size()}}};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    const auto sent = ::sendmsg(socket_, &message, flags);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return reading::late;
    if (sent <= 0) return reading::ended;
    auto taken = static_cast<std::size_t>(sent);
    const auto of_head = std::min(taken, head.size());
    head.remove_prefix(of_head);
    body.remove_prefix(taken - of_head);
    const bool left = !head.empty() || !body.empty();
    if (left && is_over(until)) return reading::late;
  }
  return reading::done;
}

connection::waking connection::wait_beside(int other, deadline until) const {
  for (;;) {
    std::array<pollfd, 2> watched{{{socket_, POLLIN | POLLRDHUP, 0}, {other, POLLIN, 0}}};
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    const auto patience = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
    const int ready = ::poll(watched.data(), watched.size(), patience);
    if (ready < 0 && errno != EINTR) return waking::ended;
    if (ready > 0) return watched[0].revents != 0 ? waking::ended : waking::woken;
    if (std::chrono::steady_clock::now() >= until) return waking::late;
  }
}

void connection::say_goodbye() {
  ::shutdown(socket_, SHUT_WR);
  const timeval patience{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  while (std::chrono::steady_clock::now() < until) {
    if (::recv(socket_, chunk_.data(), chunk_.size(), 0) <= 0) return;
  }
}

void connection::interrupt() { ::shutdown(socket_, SHUT_RDWR); }

void connection::end_input() { ::shutdown(socket_, SHUT_RD); }

}  // namespace troupe::http
