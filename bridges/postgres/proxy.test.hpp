#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cctype>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace troupe::postgres {

/// A TCP proxy before a PostgreSQL server that can cut a connection at a commit.
class cutting_proxy {
 public:
  enum class cut {
    nothing,
    before_commit,  ///< The server never gets the COMMIT.
    after_commit,   ///< The server has carried it out; the client never learns of it.
    for_good,       ///< The same, and no other connection comes through any more.
  };

  explicit cutting_proxy(int server_port) : server_port_(server_port) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    auto address = loopback(0);
    socklen_t size = sizeof address;
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
    ::listen(listener_, 16);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    threads_.emplace_back([this] { accept_all(); });
  }
  cutting_proxy(const cutting_proxy&) = delete;
  cutting_proxy& operator=(const cutting_proxy&) = delete;
  ~cutting_proxy() {
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    // The first thread adds no more once it has ended.
    threads_.front().join();
    threads_.pop_front();
    for (auto& one : threads_) one.join();
    ::close(listener_);
  }

  [[nodiscard]] int port() const { return port_; }
  /// What happens to the next COMMIT, once.
  void cut_next(cut how) { next_ = how; }
  [[nodiscard]] int cuts() const { return cuts_; }

 private:
  static sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
  }

  static bool is_commit(std::string_view message) {
    std::string upper;
    for (const char c : message)
      upper += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return message.starts_with('Q') && upper.find("COMMIT") != std::string::npos;
  }

  void accept_all() {
    for (;;) {
      const int client = ::accept(listener_, nullptr, nullptr);
      if (client < 0) return;
      threads_.emplace_back([this, client] { serve(client); });
    }
  }

  void serve(int client) {
    const int server = ::socket(AF_INET, SOCK_STREAM, 0);
    const auto address = loopback(server_port_);
    if (!away_ &&
        ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
      pump(client, server);
    ::close(client);
    ::close(server);
  }

  void pump(int client, int server) {
    std::array<char, 65536> buffer{};
    bool drop_answer = false;
    while (!stopping_) {
      std::array<pollfd, 2> waiting = {pollfd{client, POLLIN, 0}, pollfd{server, POLLIN, 0}};
      if (::poll(waiting.data(), waiting.size(), 100) <= 0) continue;
      for (const auto& one : waiting) {
        if (one.revents == 0) continue;
        const auto size = ::recv(one.fd, buffer.data(), buffer.size(), 0);
        if (size <= 0) return;
        const bool from_client = one.fd == client;
        const std::string_view bytes(buffer.data(), static_cast<std::size_t>(size));
        if (from_client && is_commit(bytes)) {
          const auto how = next_.exchange(cut::nothing);
          if (how != cut::nothing) ++cuts_;
          if (how == cut::before_commit) return;
          drop_answer = how == cut::after_commit || how == cut::for_good;
          away_ = how == cut::for_good;
        }
        // The answer is there, so it is done.
        if (!from_client && drop_answer) return;
        const int to = from_client ? server : client;
        for (std::size_t sent = 0; sent < bytes.size();) {
          const auto done = ::send(to, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
          if (done <= 0) return;
          sent += static_cast<std::size_t>(done);
        }
      }
    }
  }

  const int server_port_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> away_ = false;
  std::atomic<cut> next_ = cut::nothing;
  std::atomic<int> cuts_ = 0;
  std::list<std::thread> threads_;
};

}  // namespace troupe::postgres
