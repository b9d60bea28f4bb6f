#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/core/json.hpp"

namespace troupe::http {

/// An answer as it came over the wire.
struct answer_seen {
  int status = 0;                              ///< 0: the connection ended without an answer.
  std::map<std::string, std::string> headers;  ///< Names in lower case.
  std::string body;

  [[nodiscard]] json value() const { return json::parse(body); }
  [[nodiscard]] std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

/// A connection that sends exactly the bytes it is told to.
class raw_client {
 public:
  explicit raw_client(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~raw_client() {
    if (socket_ >= 0) ::close(socket_);
  }
  raw_client(raw_client&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)),
        connected_(other.connected_),
        input_(std::move(other.input_)) {}
  raw_client(const raw_client&) = delete;
  raw_client& operator=(const raw_client&) = delete;
  raw_client& operator=(raw_client&&) = delete;

  [[nodiscard]] bool connected() const { return connected_; }

  raw_client& send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) break;  // The server may close before it has everything; what it said is read.
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return *this;
  }

  /// The next server-sent event, without the empty line; "" when the stream has ended. Comments are
  /// events of their own. For use after `receive_head`.
  std::string receive_event() {
    std::size_t end = 0;
    while ((end = input_.find("\n\n")) == std::string::npos) {
      if (!more()) return "";
    }
    auto event = input_.substr(0, end);
    input_.erase(0, end + 2);
    return event;
  }

  /// An answer whose body goes on.
  answer_seen receive_head() { return receive(true); }

  answer_seen receive(bool bodiless = false) {
    answer_seen seen;
    std::size_t end = 0;
    while ((end = input_.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) return seen;
    }
    std::string_view head = std::string_view(input_).substr(0, end);
    seen.status = std::stoi(std::string(head.substr(9, 3)));
    for (auto at = head.find("\r\n"); at != std::string_view::npos;
         at = head.find("\r\n", at + 2)) {
      auto line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
      std::string name(line.substr(0, line.find(':')));
      std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
      seen.headers[name] = line.substr(line.find(':') + 2);
    }
    input_.erase(0, end + 4);
    const auto length = bodiless ? 0 : std::stoul("0" + seen.header("content-length"));
    while (input_.size() < length) {
      if (!more()) throw std::runtime_error("the body was cut short");
    }
    seen.body = input_.substr(0, length);
    input_.erase(0, length);
    return seen;
  }

  /// Waits for the server's end; false when more came instead.
  bool at_end() { return input_.empty() && !more(); }

 private:
  bool more() {
    char chunk[4096];
    const auto received = ::recv(socket_, chunk, sizeof(chunk), 0);
    if (received <= 0) return false;
    input_.append(chunk, static_cast<std::size_t>(received));
    return true;
  }

  int socket_;
  bool connected_ = false;
  std::string input_;
};

/// The bytes of a well-formed request.
inline std::string request_text(std::string_view method, std::string_view target,
                                std::string_view headers = "", std::string_view body = "") {
  std::string text;
  text.append(method)
      .append(" ")
      .append(target)
      .append(" HTTP/1.1\r\nHost: here\r\n")
      .append(headers);
  if (!body.empty()) {
    if (headers.find("Content-Type") == std::string_view::npos)
      text += "Content-Type: application/json\r\n";
    text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  }
  return text.append("\r\n").append(body);
}

/// One request on a connection of its own.
inline answer_seen ask(int port, std::string_view method, std::string_view target,
                       std::string_view headers = "", std::string_view body = "") {
  return raw_client(port)
      .send(request_text(method, target, headers, body))
      .receive(method == "HEAD");
}

}  // namespace troupe::http
