#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <caf/actor.hpp>
#include <caf/send.hpp>

#include "runtime/core/clock.hpp"
#include "runtime/host/failure.hpp"

namespace troupe::host {

enum class actor_status { starting, running, restarting, failed, stopped };
const char* to_string(actor_status status) noexcept;

/// What an actor is waiting for outside of it.
enum class awaited : std::uint8_t { nothing, log, view_store, start, drain };

/// What is known about one supervised actor across its restarts, and how to reach its present
/// incarnation. Other actors keep the card, not the handle, so a restart needs no re-wiring.
/// Thread-safe.
class actor_card {
 public:
  actor_card(std::string path, std::string kind, timestamp since);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const std::string& kind() const { return kind_; }

  [[nodiscard]] caf::actor handle() const;
  /// Sends to the present incarnation. When there is none, the message is destroyed, and replies in
  /// it give their fallback.
  template <class Message>
  void tell(Message message) const {
    if (auto to = handle()) caf::anon_send(to, std::move(message));
  }
  /// The same after a pause, to the incarnation of now.
  template <class Message>
  void tell_later(std::chrono::milliseconds pause, Message message) const {
    if (auto to = handle()) caf::delayed_anon_send(to, pause, std::move(message));
  }

  void started(caf::actor handle, timestamp now);
  void ended(actor_status status, timestamp now);
  /// Remembers why the actor failed; its supervisor sees to the rest.
  void record_error(actor_failure why);
  void record_error(std::string text) { record_error(actor_failure{std::move(text), ""}); }
  void count_restart() { restarts_.fetch_add(1, std::memory_order_relaxed); }

  void message_enqueued() { enqueued_.fetch_add(1, std::memory_order_relaxed); }
  void message_processed() { processed_.fetch_add(1, std::memory_order_relaxed); }

  /// An incarnation, which `self` tells apart, is within a message from now on, or no longer.
  void busy(const void* self) { busy_.store(self, std::memory_order_relaxed); }
  void idle(const void* self) {
    busy_.compare_exchange_strong(self, nullptr, std::memory_order_relaxed);
  }
  /// Gives what it waited for before.
  awaited waits_for(awaited what) { return awaited_.exchange(what, std::memory_order_relaxed); }
  /// It has come a step further within a message.
  void advanced() { steps_.fetch_add(1, std::memory_order_relaxed); }

  struct snapshot {
    actor_status status;
    timestamp since;
    std::string last_error;
    std::uint64_t mailbox;
    std::uint64_t processed;
    std::uint32_t restarts;
    bool busy;  ///< Within a message.
    awaited waits_for;
    std::uint64_t steps;        ///< See `advanced`.
    std::string last_trace_id;  ///< Of what it failed on; "" when that is unknown.
  };
  [[nodiscard]] snapshot read() const;

 private:
  const std::string path_;
  const std::string kind_;
  mutable std::mutex mutex_;
  caf::actor handle_;
  actor_status status_ = actor_status::starting;
  timestamp since_;
  actor_failure last_error_;
  std::atomic<std::uint64_t> enqueued_{0};
  std::atomic<std::uint64_t> processed_{0};
  /// Of messages that earlier incarnations left behind in their mailboxes.
  std::uint64_t lost_ = 0;
  std::atomic<std::uint32_t> restarts_{0};
  std::atomic<const void*> busy_{nullptr};
  std::atomic<awaited> awaited_{awaited::nothing};
  std::atomic<std::uint64_t> steps_{0};
};

/// The actor waits for something outside as long as this lives.
class waiting_for {
 public:
  waiting_for(actor_card& card, awaited what) : card_(card), before_(card.waits_for(what)) {}
  ~waiting_for() { card_.waits_for(before_); }
  waiting_for(const waiting_for&) = delete;
  waiting_for& operator=(const waiting_for&) = delete;

 private:
  actor_card& card_;
  const awaited before_;
};

using card_ptr = std::shared_ptr<actor_card>;

/// All supervised actors of a node by path, but for command handlers: there may be a million, and
/// their supervisor knows them.
class actor_registry {
 public:
  /// `on_failure` is told of every failure; any thread.
  explicit actor_registry(const clock& time, failure_observer on_failure = nullptr)
      : clock_(time), on_failure_(std::move(on_failure)) {}

  /// The card of this path; made on first use, kept for ever after.
  card_ptr card(const std::string& path, const std::string& kind);
  [[nodiscard]] card_ptr find(const std::string& path) const;
  [[nodiscard]] std::vector<card_ptr> all() const;
  [[nodiscard]] const clock& time() const { return clock_; }

  void report_failure(const std::string& path, const actor_failure& why) const {
    if (on_failure_) on_failure_(path, why);
  }

  /// The root supervisor gave up; says on what and why. A later restart by a person clears it.
  void set_given_up(std::optional<std::string> reason);
  [[nodiscard]] std::optional<std::string> given_up() const;

 private:
  const clock& clock_;
  const failure_observer on_failure_;
  mutable std::mutex mutex_;
  std::map<std::string, card_ptr> cards_;
  std::optional<std::string> given_up_;
};

}  // namespace troupe::host
