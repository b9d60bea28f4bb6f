#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace troupe::http {

/// An accepted socket: reads whole requests within bounds of size and time, writes whole answers.
/// For one thread, but for `interrupt` and `end_input`. The socket has receive and send timeouts,
/// which bound a single wait.
class connection {
 public:
  using deadline = std::chrono::steady_clock::time_point;

  enum class reading {
    done,
    ended,      ///< The peer has closed, or somebody called `interrupt` or `end_input`.
    late,       ///< The deadline has passed.
    too_long,   ///< Longer than allowed.
    malformed,  ///< A line of the head does not end with CR LF.
  };

  enum class waking {
    woken,  ///< The other descriptor can be read.
    ended,  ///< As for `reading`; also when the peer sends, which it must not while it listens.
    late,
  };

  explicit connection(int socket) : socket_(socket) {}
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// Waits for the first byte of a request.
  reading wait(deadline until);

  /// Reads up to and including the empty line into `head`; skips empty lines before it.
  reading read_head(std::string& head, std::size_t max_bytes, deadline until);

  /// Reads a body, which stays valid until `forget_body`. Call that also when there was none.
  reading read_body(std::string_view& body, std::size_t bytes, deadline until);
  void forget_body();

  /// Sends both whole, or says why not: `ended` or `late`.
  reading send(std::string_view head, std::string_view body, deadline until);

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

  [[nodiscard]] bool from_this_machine() const;

  /// Between two requests; kept by the server.
  std::atomic<bool> idle{true};
  /// Within an answer that goes on until it is ended; kept by the server.
  std::atomic<bool> streaming{false};

 private:
  reading receive(deadline until);

  int socket_;
  std::string input_;
  std::size_t begin_ = 0;  ///< Of what has not been consumed.
  std::size_t body_size_ = 0;
  std::array<char, 16 * 1024> chunk_{};
};

}  // namespace troupe::http
