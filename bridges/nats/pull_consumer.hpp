#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "bridges/nats/connection.hpp"

namespace troupe::nats {

/// Takes messages from a durable pull consumer, as many at a time as its user
/// has room for. The library's own fetch waits until a batch is full or its
/// time is over, so this speaks the protocol itself: each message is handed on
/// when it comes. For one thread, but for `end` and `let_go`.
class pull_consumer {
 public:
  pull_consumer(std::shared_ptr<connection> broker, const std::string& stream,
                const std::string& name);
  pull_consumer(const pull_consumer&) = delete;
  pull_consumer& operator=(const pull_consumer&) = delete;
  ~pull_consumer();

  enum class next_step : std::uint8_t {
    ask,   ///< Ask again at once: it is done, or the connection was lost, or it
           ///< is over.
    wait,  ///< The broker gives nothing now, for a reason that may take a while
           ///< to pass.
  };
  /// Asks for so many messages and hands on each, until all have come or the
  /// broker ends the request. `not_found` when there is no such consumer any
  /// more.
  result<next_step> take(std::size_t count, const std::function<void(message_ptr)>& each);

  /// No message comes any more; `take_rest`: but those that the broker has sent
  /// already.
  void end(bool take_rest);

  /// What the broker has said about this consumer so far, signs of life included. Any thread.
  [[nodiscard]] std::uint64_t heard() const { return heard_; }

  /// Ends the request under way, as `end` does; the next `take` makes another one. Any thread.
  void let_go();

 private:
  void withdraw(bool take_rest);
  /// The present subscription on an inbox, made where there is none; null when
  /// it is over.
  natsSubscription* subscribe();

  const std::shared_ptr<connection> broker_;
  const std::string name_;
  const std::string ask_;  ///< The subject that asks for messages.
  std::atomic<std::uint64_t> heard_ = 0;
  std::mutex mutex_;
  bool over_ = false;
  std::string inbox_;
  subscription_ptr messages_;
  std::unique_ptr<watch> lost_;  ///< What was asked on a lost connection is forgotten.
};

}  // namespace troupe::nats
