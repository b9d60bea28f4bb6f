#include "bridges/http/listener.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <deque>
#include <string_view>
#include <tuple>
#include <utility>

#include <httplib.h>

namespace troupe::http {
namespace {

constexpr int backlog = 1024;

constexpr std::string_view too_many_connections =
    "HTTP/1.1 503 Service Unavailable\r\n"
    "Content-Type: application/problem+json\r\n"
    "Content-Length: 161\r\n"
    "Retry-After: 1\r\n"
    "Connection: close\r\n"
    "\r\n"
    R"({"code":"overloaded","detail":"too many connections; try again later",)"
    R"("error":"too many connections; try again later","status":503,"title":"Service Unavailable"})";

static_assert(too_many_connections.size() - too_many_connections.find("\r\n\r\n") - 4 == 161);

/// Sockets that got their last words. Closing one while its request is still arriving would reset
/// the connection and may take the answer with it, so they stay half open for a moment. For one
/// thread.
class farewells {
 public:
  ~farewells() {
    while (!open_.empty()) close_oldest();
  }

  void add(int socket) {
    const auto now = std::chrono::steady_clock::now();
    while (!open_.empty() &&
           (open_.size() >= 64 || now - open_.front().second > std::chrono::seconds(1))) {
      close_oldest();
    }
    open_.emplace_back(socket, now);
  }

 private:
  void close_oldest() {
    const int socket = open_.front().first;
    open_.pop_front();
    std::array<char, 4096> ignored{};
    // Bounded: this is the accepting thread, and a peer may send faster than it is read.
    for (int reads = 0; reads < 64; ++reads) {
      if (::recv(socket, ignored.data(), ignored.size(), MSG_DONTWAIT) <= 0) break;
    }
    ::close(socket);
  }

  std::deque<std::pair<int, std::chrono::steady_clock::time_point>> open_;
};

}  // namespace

class listener::implementation final : private httplib::Server {
 public:
  implementation(const settings& wanted, take accepted) : take_(std::move(accepted)) {
    new_task_queue = [] { return new task_queue; };  // The server deletes it.
    set_tcp_nodelay(true);
    set_read_timeout(wanted.read_timeout.count());
    set_write_timeout(wanted.write_timeout.count());
    // The library's own choice, SO_REUSEPORT, lets two programs share a port without noticing.
    set_socket_options([](int socket) {
      const int yes = 1;
      ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    });
  }

  ~implementation() override {
    if (handle_to_close_ >= 0) ::close(handle_to_close_);
  }

  result<void> open(const settings& wanted) {
    errno = 0;
    const bool bound = wanted.port == 0 ? (port_ = bind_to_any_port(wanted.host)) > 0
                                        : bind_to_port(wanted.host, wanted.port);
    const int reason = errno;
    if (!bound) {
      if (reason == EADDRINUSE)
        return error{errc::unavailable, "is in use; stop the other program"};
      return error{errc::invalid, std::string("cannot be listened on: ") +
                                      (reason != 0 ? std::strerror(reason) : "no such host")};
    }
    if (wanted.port != 0) port_ = wanted.port;
    ::listen(svr_sock_, backlog);  // The library asks for a queue of five.
    // A second handle: the library closes its own when accepting breaks down, and the number may be
    // another file's then.
    handle_to_close_ = ::dup(svr_sock_);
    return {};
  }

  [[nodiscard]] int port() const { return port_; }

  bool run() {
    listen_after_bind();
    return closing_;
  }

  /// Not by the library's `stop`, which closes the socket under the accepting thread.
  void close() {
    if (!closing_.exchange(true)) ::shutdown(handle_to_close_, SHUT_RDWR);
  }

 private:
  /// Runs what it is given on the accepting thread, which does no more than hand it on.
  class task_queue final : public httplib::TaskQueue {
   public:
    void enqueue(std::function<void()> task) override { task(); }
    void shutdown() override {}
  };

  bool process_and_close_socket(socket_t socket) override {
    if (take_(socket)) return true;
    std::array<char, 4096> request{};
    std::ignore = ::recv(socket, request.data(), request.size(), MSG_DONTWAIT);
    std::ignore = ::send(socket, too_many_connections.data(), too_many_connections.size(),
                         MSG_NOSIGNAL | MSG_DONTWAIT);
    ::shutdown(socket, SHUT_WR);
    farewells_.add(socket);
    return true;
  }

  take take_;
  farewells farewells_;
  std::atomic<bool> closing_{false};
  int handle_to_close_ = -1;
  int port_ = 0;
};

result<std::unique_ptr<listener>> listener::open(const settings& wanted, take accepted) {
  auto made = std::make_unique<implementation>(wanted, std::move(accepted));
  if (auto opened = made->open(wanted); !opened) return opened.error();
  return std::unique_ptr<listener>(new listener(std::move(made)));
}

listener::listener(std::unique_ptr<implementation> made) : implementation_(std::move(made)) {}
listener::~listener() = default;
int listener::port() const { return implementation_->port(); }
bool listener::run() { return implementation_->run(); }
void listener::close() { implementation_->close(); }

}  // namespace troupe::http
