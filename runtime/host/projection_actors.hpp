#pragma once

#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "runtime/core/placement.hpp"
#include "runtime/core/tracer.hpp"
#include "runtime/host/component.hpp"
#include "runtime/host/event_batch.hpp"
#include "runtime/host/log_actors.hpp"
#include "runtime/host/parked_events.hpp"
#include "runtime/host/projection_batch.hpp"
#include "runtime/host/projection_progress.hpp"
#include "runtime/host/recent_commits.hpp"

namespace troupe::host {

/// To a subscriber: the log has grown to this position. `stored`: what this node has just put
/// there, in order, perhaps with others' commits in between; null when it was somebody else.
struct log_grew {
  position_t head = 0;
  std::shared_ptr<const std::vector<delivered_ptr>> stored;
};

/// To a subscriber: the sender can take one batch of the commits from `from` on. This is the
/// projector's credit: there is one answer to each, and no more is sent than was asked for.
struct want_batch {
  position_t from = 1;
  one_shot<std::shared_ptr<const event_batch>> reply;
};

/// To a projector: the batch it asked for; none if the subscriber broke down first.
struct batch_ready {
  std::shared_ptr<const event_batch> batch;
  std::uint64_t round = 0;
};

/// Internal to a subscriber: the pause after a small batch is over.
struct pause_over {};

/// Internal to a subscriber: read the next batch before it is asked for.
struct read_ahead {};

/// Internal to a projector: ask again, after a pause.
struct ask_again {
  std::uint64_t round = 0;
};

/// To a projector: it is no longer paused.
struct resume_projector {};

/// To a projector: another node may be the one that runs it, or not any more.
struct place_projector {};

/// Internal to a projector that stands by: look how far the view has come.
struct follow_view {};

/// To a projector: forget all rows and start again from the first event.
struct rebuild_projector {
  one_shot<result<void>> reply;
};

/// To a projector: try a parked event again, and those of its key behind it.
struct retry_event {
  std::uint64_t id = 0;
  one_shot<result<retried_events>> reply;
};

/// To a projector: forget a parked event.
struct discard_event {
  std::uint64_t id = 0;
  one_shot<result<dead_letter>> reply;
};

/// Follows one category of the log on a thread of its own and hands out batches to the projectors
/// that ask; waits for the log to grow where there is nothing yet. Projectors that are at the same
/// place share what was read. After a batch that was not full it pauses for some milliseconds:
/// under load the next one is then worth its transaction, and an event after a quiet time waits for
/// nothing. Behind a full batch it reads the next one while that one is applied.
///
/// What this node stores it is handed as well, and need not read; it reads what may lie between,
/// and that once for all projectors. Path: /features/<feature>/subscribers/<category>
class subscriber final : public component {
 public:
  /// `known_head` is raised to where the log is known to end.
  subscriber(caf::actor_config& config, card_ptr card, event_log& log, std::string category,
             std::size_t max_commits, const troupe::clock& time,
             std::atomic<position_t>& known_head);

 protected:
  caf::message_handler handlers() override;
  [[nodiscard]] json state() const override;

 private:
  /// Answers all who wait, now or when the pause is over.
  void serve_soon();
  void serve_waiting();
  /// Answers with what there is; false if there is nothing yet.
  bool serve(const want_batch& want);
  using batch_ptr = std::shared_ptr<const event_batch>;
  /// The batch from this position on; none if there is nothing, or it cannot be read.
  batch_ptr next(position_t from);
  /// The same from the log.
  batch_ptr read(position_t from, std::size_t max_commits);
  /// Keeps no more commits than somebody may ask for.
  void forget_old();
  /// Asks the log where it ends, when projectors wait for more of it.
  void look_for_growth();

  event_log& log_;
  const std::string category_;
  const std::size_t max_commits_;
  const troupe::clock& time_;
  std::atomic<position_t>& known_head_;
  monotonic_time paused_until_{};
  bool pause_over_sent_ = false;
  std::vector<want_batch> waiting_;
  batch_ptr last_read_;
  batch_ptr read_ahead_;  ///< What will be asked for behind `last_read_`.
  recent_commits recent_;
  position_t head_ = 0;
  /// Whether to look behind `head_` for what nobody has told of.
  bool look_behind_head_ = true;
  std::uint64_t batches_ = 0;
  std::uint64_t reads_ = 0;  ///< Of the log.
  std::string last_failure_;
};

/// The reason that is kept with a projector that a person has paused. Any other one is why it must
/// not go on.
inline constexpr std::string_view paused_on_request = "paused on request";

/// What a projector needs for its work; outlives it.
struct projector_environment {
  std::shared_ptr<const projector_kernel> kernel;
  view_store* store = nullptr;
  event_log* log = nullptr;
  card_ptr source;  ///< The subscriber of its category.
  std::shared_ptr<projection_progress> progress;
  const troupe::clock* time = nullptr;
  std::size_t max_dead_letters = 100'000;  ///< Beyond them it stops.
  const placement* where = nullptr;        ///< Null: every node has a view of its own.
  tracer* trace = nullptr;                 ///< Null: no spans.

  /// Whether another node is to run it.
  [[nodiscard]] bool is_elsewhere() const {
    return where != nullptr && !where->here("projector/" + kernel->name());
  }
};

/// Runs one projector on a thread of its own: takes batches, stores rows and checkpoint in one
/// transaction. An event that makes domain code throw ends the actor; if it throws again after the
/// restart, it is parked, and the later events of its key with it.
///
/// A checkpoint that is ahead of the log stops it for good, also across restarts of the node: the
/// log was cut or replaced, and when it has grown again beyond the checkpoint, going on would skip
/// what is below. Only a rebuild mends that.
///
/// Where nodes share the view, one of them runs the projector and the others stand by: they ask for
/// nothing, and follow the checkpoint for those who wait for the view on their node. Should two run
/// it for a while, one of them moves the checkpoint and the other one lets it be. Path:
/// /features/<feature>/projectors/<name>
class projector_actor final : public component {
 public:
  projector_actor(caf::actor_config& config, card_ptr card, projector_environment environment);

 protected:
  caf::message_handler handlers() override;
  [[nodiscard]] json state() const override;

 private:
  void load_checkpoint();
  void load_parked();
  void stop_if_ahead_of_log();
  result<void> rebuild();
  result<retried_events> retry(std::uint64_t id);
  result<dead_letter> discard(std::uint64_t id);
  [[noreturn]] void fail(const error& why);
  void ask();
  /// Begins to stand by, or ends that.
  void take_place();
  void follow();
  /// False if another node has moved the checkpoint: it seems to run the projector.
  bool apply(const batch_ready& message);
  /// Lets the watchdog see what a batch waits for.
  batch_outcome apply_watched(const event_batch& batch);

  projector_environment environment_;
  position_t checkpoint_ = 0;
  parking parked_;
  std::uint64_t round_ =
      0;  ///< A batch of another round was asked for before a rebuild or conflict.
  bool asked_ = false;
  bool standby_ = false;
  std::uint64_t batches_ = 0;
};

}  // namespace troupe::host

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::log_grew)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::want_batch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::batch_ready)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::pause_over)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::read_ahead)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::ask_again)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::resume_projector)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::place_projector)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::follow_view)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::rebuild_projector)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::retry_event)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::discard_event)
