#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "runtime/core/clock.hpp"
#include "runtime/core/notifier.hpp"
#include "runtime/host/projection_batch.hpp"

namespace troupe::host {

/// How far one projector has come. Outlives the projector's crashes: it also remembers which event
/// it crashed on. Thread-safe.
class projection_progress {
 public:
  /// `crash_bound`: after so many crashes within a minute further events that throw are parked
  /// without another crash.
  explicit projection_progress(unsigned crash_bound = 3) : crash_bound_(crash_bound) {}

  void reached(position_t position, std::size_t events, std::size_t parked, monotonic_time now);
  /// The checkpoint as the store has it, at the start and after a rebuild.
  void restarted_at(position_t position);
  void failing(std::string why);
  void pause();
  /// Stands still until `resume`, and is shown as failing: going on would be wrong.
  void halt(std::string why);
  void resume();
  [[nodiscard]] bool paused() const;
  /// Another node runs it, or not any more.
  void set_standby(bool standby);
  /// The view is incomplete until `position` is reached again.
  void rebuild_until(position_t position);

  /// The projector is about to crash on this event.
  void crashed_on(const event_place& place, const std::string& what, monotonic_time now);
  /// Whether an event that throws is to be parked: it crashed the projector before, or there were
  /// too many crashes lately.
  [[nodiscard]] bool give_up_on(const event_place& place, monotonic_time now) const;

  /// Waits until `position` is reached, at most until the deadline; false if it was not, or will
  /// not be because the projector is halted.
  bool await(position_t position, monotonic_time deadline) const;

  /// Calls back whenever the position has changed; must not block.
  [[nodiscard]] std::unique_ptr<watch> listen(std::function<void()> changed) const {
    return listeners_.listen(std::move(changed));
  }

  struct snapshot {
    position_t position = 0;
    std::uint64_t events = 0;  ///< Applied since the node started.
    std::uint64_t parked = 0;  ///< Since the node started.
    double events_per_second = 0;
    bool paused = false;
    bool halted = false;   ///< Paused, because going on would be wrong.
    bool standby = false;  ///< Another node runs it.
    bool rebuilding = false;
    bool failing = false;
    std::string last_error;
  };
  [[nodiscard]] snapshot read(monotonic_time now) const;

 private:
  const unsigned crash_bound_;
  mutable std::mutex mutex_;
  mutable std::condition_variable moved_;
  notifier listeners_;
  snapshot now_;
  position_t rebuild_target_ = 0;
  std::set<event_place> crashed_on_;
  std::vector<monotonic_time> crashes_;
  /// Events applied in the second that began at `second_`, and in the one before it.
  monotonic_time second_{};
  std::uint64_t this_second_ = 0;
  std::uint64_t last_second_ = 0;
};

}  // namespace troupe::host
