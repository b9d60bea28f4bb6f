#pragma once

#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "runtime/core/projector.hpp"
#include "runtime/host/event_batch.hpp"

namespace troupe::host {

/// Names one event in the log.
struct event_place {
  position_t position = 0;
  version_t version = 0;

  friend auto operator<=>(const event_place&, const event_place&) = default;
};

/// Domain code threw on an event. Nothing of the batch has been stored.
struct poison_event {
  event_place place;
  std::string what;
};

/// What a projector knows of events that it must not apply.
struct parking {
  /// Keys with a parked event: their later events wait behind it.
  std::set<std::string> blocked_keys;
  std::size_t events = 0;            ///< Parked so far.
  std::size_t max_events = 100'000;  ///< Beyond it nothing is stored any more: `unavailable`.
  /// Asked when domain code throws: park this event now (true), or report it (false)?
  std::function<bool(const event_place&)> park_now;
};

/// Where a parked event lies.
inline event_place place_of(const dead_letter& letter) { return {letter.position, letter.version}; }

/// What applying a batch came to.
struct applied_batch {
  std::size_t events = 0;  ///< Applied to rows.
  std::vector<dead_letter> parked;
  /// Index in `parked` of the first one that failed itself and does not merely wait behind another.
  std::optional<std::size_t> first_failure;
};

/// Either the batch is applied or parked in part, or an event is reported, or the store failed
/// (nothing stored then).
using batch_outcome = std::variant<applied_batch, poison_event, error>;

/// What applying a batch comes to next: domain code for one more event, or the store.
enum class batch_step { event, store };
/// Told before each step, on the caller's thread.
using step_observer = std::function<void(batch_step)>;

/// Folds a batch in memory, key by key, and stores rows, parked events and the checkpoint (from
/// `checkpoint` to `batch.last`) in one transaction with one statement for each kind of change. An
/// event that cannot be decoded is parked under its entity's id. Keys of parked events are added to
/// `parking.blocked_keys`, and counted in `parking.events`, only once that is stored.
batch_outcome apply_batch(
    const projector_kernel& kernel, view_store& store, position_t checkpoint,
    const event_batch& batch, parking& parked, timestamp now,
    const step_observer& before = [](batch_step) {});

/// Applies parked events again: `batch` holds them alone, by position, and `letters` are theirs.
/// Rows and dead letters change in one transaction: what was applied is taken out, what fails again
/// stays, or takes its new reason. If none could be applied, nothing is stored but new reasons. The
/// checkpoint stays at `checkpoint`. `parked` is what is known of all other parked events; it is
/// not changed. `conflict`: somebody else took one of the letters, or moved the checkpoint.
result<applied_batch> retry_batch(const projector_kernel& kernel, view_store& store,
                                  position_t checkpoint, const event_batch& batch,
                                  std::span<const dead_letter> letters, const parking& parked,
                                  timestamp now);

}  // namespace troupe::host
