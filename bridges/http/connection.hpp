#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace troupe::http {

/// An accepted socket: reads whole requests within bounds of size and time, writes whole answers.
/// For one thread at a time, but for `interrupt` and `end_input`. The socket has receive and send
/// timeouts, which bound a single wait.
class connection {
 public:
  using deadline = std::chrono::steady_clock::time_point;
  /// The deadline of a caller that must not wait: `late` means that it would have had to.
  static constexpr deadline at_once = deadline::min();

  enum class reading {
    done,
    ended,      ///< The peer has closed, or somebody called `interrupt` or `end_input`.
    late,       ///< The deadline has passed. What has arrived is kept.
    too_long,   ///< Longer than allowed.
    malformed,  ///< A line of the head does not end with CR LF.
  };

  enum class waking {
    woken,  ///< The other descriptor can be read.
    ended,  ///< As for `reading`; also when the peer sends, which it must not while it listens.
    late,
  };

  explicit connection(int socket);
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  [[nodiscard]] int socket() const { return socket_; }

  /// Have bytes arrived that nobody has used yet?
  [[nodiscard]] bool has_input() const { return begin_ < input_.size(); }

  /// Reads up to and including the empty line into `head`; skips empty lines before it.
  reading read_head(std::string& head, std::size_t max_bytes, deadline until);

  /// Reads a body, which stays valid until `forget_body`. Call that also when there was none.
  reading read_body(std::string_view& body, std::size_t bytes, deadline until);
  void forget_body();

  /// The request whose head was read last is to be read again.
  void read_again() { begin_ = 0; }

  /// Sends both whole and takes off them what was sent; or says why not: `ended` or `late`.
  reading send(std::string_view& head, std::string_view& body, deadline until);

  /// While an answer goes on: waits until `other` can be read.
  waking wait_beside(int other, deadline until) const;

  /// After an answer that came before its request was read to the end: says that no more answers
  /// follow and swallows input for a moment, since closing at once would reset the connection and
  /// may take the answer with it.
  void say_goodbye();

  /// Ends everything. Any thread.
  void interrupt();
  /// No more requests but the one that is being read, if it has arrived. Any thread.
  void end_input();

  [[nodiscard]] bool from_this_machine() const { return from_this_machine_; }
  /// The peer's address, without its port; "" when it has gone.
  [[nodiscard]] std::string peer_address() const;

 private:
  reading receive(deadline until);

  const int socket_;
  const bool from_this_machine_;
  std::string input_;
  std::size_t begin_ = 0;  ///< Of what has not been consumed.
  std::size_t body_size_ = 0;
  std::array<char, 16 * 1024> chunk_{};
};

}  // namespace troupe::http
