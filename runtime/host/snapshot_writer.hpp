#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "runtime/core/event_log.hpp"
#include "runtime/host/component.hpp"

namespace troupe::host {

/// The bounded queue in front of the snapshot writer. Whoever finds it full goes without: a
/// snapshot that is not taken costs nothing but time at the next load. Thread-safe.
class snapshot_queue : public std::enable_shared_from_this<snapshot_queue> {
 public:
  explicit snapshot_queue(std::size_t bound = 64) : bound_(bound) {}

  /// A place in the queue, given back when the last copy is gone, however the message that holds it
  /// ends; nullptr when the queue is full.
  using place = std::shared_ptr<void>;
  [[nodiscard]] place enter();
  /// Counts a snapshot that was not taken.
  void skip() { skipped_.fetch_add(1); }

  [[nodiscard]] std::size_t waiting() const { return waiting_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t bound() const { return bound_; }
  /// Snapshots that were not taken, because it was full for one.
  [[nodiscard]] std::uint64_t skipped() const { return skipped_.load(std::memory_order_relaxed); }

 private:
  const std::size_t bound_;
  std::atomic<std::size_t> waiting_{0};
  std::atomic<std::uint64_t> skipped_{0};
};

/// To the snapshot writer: save this.
struct save_snapshot {
  std::shared_ptr<const snapshot> saved;
  snapshot_queue::place place;
};

/// Saves entities' states off the commands' path, on a thread of its own. A save that fails is
/// counted, and that is all. Path: /log/snapshots
class snapshot_writer final : public component {
 public:
  snapshot_writer(caf::actor_config& config, card_ptr card, event_log& log,
                  std::shared_ptr<const snapshot_queue> queue);

 protected:
  caf::message_handler handlers() override;
  [[nodiscard]] json state() const override;

 private:
  event_log& log_;
  const std::shared_ptr<const snapshot_queue> queue_;
  std::uint64_t saved_ = 0;
  std::uint64_t failed_ = 0;
  std::string last_failure_;
};

}  // namespace troupe::host

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::save_snapshot)
