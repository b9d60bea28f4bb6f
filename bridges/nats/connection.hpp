#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "bridges/nats/message.hpp"
#include "runtime/core/clock.hpp"
#include "runtime/core/notifier.hpp"
#include "runtime/core/result.hpp"

namespace troupe::nats {

/// How to reach the broker and what this node calls itself there.
struct connection_options {
  std::vector<std::string> urls = {"nats://127.0.0.1:4222"};  ///< Servers of one cluster.
  std::filesystem::path credentials;                          ///< A .creds file; "" for none.
  std::filesystem::path ca;     ///< PEM of the authority to trust, which turns on TLS; "" for none.
  std::string name = "troupe";  ///< Shown in the broker's monitoring.
  /// How long one try may take to be answered.
  std::chrono::milliseconds answer_timeout = std::chrono::seconds(2);
  /// How long to try again and again before an outcome is left unknown.
  std::chrono::milliseconds patience = std::chrono::seconds(8);
};

/// A connection that comes back by itself, with jitter, for as long as it lives. While it is away
/// nothing is buffered: what cannot be sent now is refused now. Thread-safe.
class connection {
 public:
  /// Errors: `invalid` for settings that cannot work, `unavailable` when no server answers.
  static result<std::shared_ptr<connection>> open(const connection_options& options);
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  ~connection();

  [[nodiscard]] const connection_options& options() const { return options_; }
  [[nodiscard]] natsConnection* native() const { return connection_.get(); }
  [[nodiscard]] jsCtx* jetstream() const { return jetstream_.get(); }

  /// Success while the broker is connected; else `unavailable`, saying that it reconnects.
  [[nodiscard]] result<void> connected() const;
  /// Waits until it is connected, at most until the deadline.
  [[nodiscard]] bool await_connected(monotonic_time deadline) const;
  /// Waits between two tries of what the broker cannot do yet; shorter if it goes or comes back.
  void pause(std::chrono::milliseconds at_most) const;
  /// Calls back when the broker has gone, or has come back; on the library's thread, must not
  /// block.
  [[nodiscard]] std::unique_ptr<watch> on_lost(std::function<void()> lost) const {
    return lost_.listen(std::move(lost));
  }
  [[nodiscard]] std::unique_ptr<watch> on_back(std::function<void()> back) const {
    return back_.listen(std::move(back));
  }
  /// The largest message that the broker takes, headers included.
  [[nodiscard]] std::size_t max_payload() const;

 private:
  using connection_ptr = std::unique_ptr<natsConnection, destroys<natsConnection_Destroy>>;

  explicit connection(connection_options options) : options_(std::move(options)) {}

  result<void> connect();
  /// What the library tells: on a thread of its own, for the last time when the connection closes.
  static void lost(natsConnection*, void* self);
  static void back(natsConnection*, void* self);
  static void closed(natsConnection*, void* self);
  void changed(bool for_good);

  const connection_options options_;
  notifier lost_;
  notifier back_;
  mutable std::mutex mutex_;
  mutable std::condition_variable change_;
  std::uint64_t changes_ = 0;
  bool closed_ = false;  ///< The library tells nothing any more, and does not reconnect.
  connection_ptr connection_;
  jetstream_ptr jetstream_;
};

/// A failure of the library as an error: `unavailable` where the broker is away or slow, `internal`
/// otherwise. `doing` begins the sentence.
error failure_of(natsStatus status, const std::string& doing);

}  // namespace troupe::nats
