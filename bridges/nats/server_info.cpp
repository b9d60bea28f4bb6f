#include "bridges/nats/server_info.hpp"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <memory>

namespace troupe::nats {
namespace {

constexpr timeval patience{2, 0};
constexpr std::size_t most_bytes = 64 * 1024;
constexpr std::string_view greeting = "INFO ";

struct frees {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

class closing_socket {
 public:
  explicit closing_socket(const addrinfo& address)
      : socket_(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC, address.ai_protocol)) {
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));  // connect, too
    connected_ = ::connect(socket_, address.ai_addr, address.ai_addrlen) == 0;
  }
  ~closing_socket() {
    if (socket_ >= 0) ::close(socket_);
  }
  closing_socket(const closing_socket&) = delete;
  closing_socket& operator=(const closing_socket&) = delete;

  /// The first line, without its end; what came of it if it does not end.
  [[nodiscard]] std::string line() const {
    std::string text;
    std::array<char, 4096> part{};
    while (connected_ && text.size() < most_bytes && text.find('\n') == std::string::npos) {
      const auto count = ::recv(socket_, part.data(), part.size(), 0);
      if (count <= 0) break;
      text.append(part.data(), static_cast<std::size_t>(count));
    }
    return text.substr(0, text.find('\r'));
  }

 private:
  int socket_;
  bool connected_ = false;
};

}  // namespace

result<json> read_server_info(const std::string& url) {
  const error silent{errc::unavailable, "the broker does not say what it is"};
  const auto begin = url.find("://");
  auto place = begin == std::string::npos ? url : url.substr(begin + 3);
  if (const auto at = place.rfind('@'); at != std::string::npos) place.erase(0, at + 1);
  const auto colon = place.rfind(':');
  if (colon == std::string::npos) return silent;
  auto host = place.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);

  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), place.substr(colon + 1).c_str(), &wanted, &found) != 0)
    return silent;
  const std::unique_ptr<addrinfo, frees> owned(found);
  const auto line = closing_socket(*found).line();
  if (!line.starts_with(greeting)) return silent;
  return parse_json(std::string_view(line).substr(greeting.size()));
}

}  // namespace troupe::nats
