#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "bridges/nats/connection.hpp"

namespace troupe::nats {

/// What became of one request of a window.
struct answer {
  message_ptr message;  ///< None when no answer came in time.
  bool sent = false;    ///< False: it surely never left this process.
};

/// Many requests in flight at once on one connection. Everything in JetStream is a request: a
/// publish is answered with its acknowledgement, a direct get with the stored message. Sending them
/// one behind the other and then waiting for all costs one round trip instead of one each.
///
/// Used by one thread at a time; see `window_pool`.
class request_window {
 public:
  static result<std::unique_ptr<request_window>> open(std::shared_ptr<connection> broker);

  /// The connection was lost since it was opened. Answers to what was asked on that connection do
  /// not come on the next one, so this window is of no more use.
  [[nodiscard]] bool ended() const { return !natsSubscription_IsValid(answers_.get()); }

  /// Sends all and waits until each is answered, the deadline has passed or the connection is lost;
  /// the answers are in the order of the requests.
  std::vector<answer> exchange(std::span<const outgoing> requests, monotonic_time deadline);
  answer exchange(const outgoing& request, monotonic_time deadline);

 private:
  request_window(std::shared_ptr<connection> broker, std::string inbox, subscription_ptr answers);

  /// False if no answer will come any more.
  bool receive(std::vector<answer>& answers, std::uint64_t first, monotonic_time deadline);

  const std::shared_ptr<connection> broker_;
  const std::string inbox_;
  const subscription_ptr answers_;
  const std::unique_ptr<watch> lost_;  ///< Ends the subscription, and with it whoever waits.
  /// Numbers all requests, so that a late answer is not taken for another's.
  std::uint64_t next_ = 0;
};

/// Lends windows to threads and makes more when all are in use.
class window_pool {
 public:
  explicit window_pool(std::shared_ptr<connection> broker) : broker_(std::move(broker)) {}

  /// Runs `work(request_window&)`, which returns a result.
  template <class Work>
  auto with(Work&& work) -> decltype(work(std::declval<request_window&>())) {
    auto borrowed = take();
    if (!borrowed) return std::move(borrowed).error();
    auto done = work(**borrowed);
    if (!(*borrowed)->ended()) give_back(std::move(*borrowed));
    return done;
  }

 private:
  result<std::unique_ptr<request_window>> take();
  void give_back(std::unique_ptr<request_window> one);

  const std::shared_ptr<connection> broker_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<request_window>> idle_;
};

}  // namespace troupe::nats
