#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "runtime/host/actor_card.hpp"
#include "runtime/host/component.hpp"
#include "runtime/host/stall.hpp"

namespace troupe::host {

/// One component as the watchdog sees it.
struct watched_component {
  std::string path;
  std::string kind;
  std::string part;   ///< Of a bridge: the one that is seen. Empty: the component itself.
  bool busy = false;  ///< It is within a message, and may have been for long.
  awaited waits_for = awaited::nothing;
  std::uint64_t processed = 0;  ///< Messages.
  std::uint64_t progress = 0;   ///< Changes with every step forward that it makes.
  bool has_work = false;        ///< Something waits for it, though it is not busy.
  std::string outside;          ///< Of a part: what its next step needs.
  std::string last_error;
  /// What to restart when it has work, is not busy, and waits for nothing that is known.
  std::vector<std::string> restartable;
};

/// Notices what does not advance. It asks nobody, so that nothing that hangs can make it hang.
///
/// Three states count: within one message for long; with work at hand and not within a message; and
/// waiting for something outside. Only the second can be mended by a restart, for then something
/// got lost between actors. A thread that is within domain code or a database cannot be taken back,
/// and a restart does not bring a broken broker back: these are shown, with what they wait for.
class watchdog {
 public:
  explicit watchdog(watch_policy policy) : policy_(policy) {}

  /// Looks at all components, and gives the paths of those that are to be restarted now.
  std::vector<std::string> look(monotonic_time now, std::span<const watched_component> all);
  /// Thread-safe.
  [[nodiscard]] std::vector<stalled_component> stalled() const;

 private:
  struct memory {
    bool busy = false;
    bool assigned = false;  ///< Busy, with work, or waiting.
    awaited waits_for = awaited::nothing;
    std::uint64_t processed = 0;
    std::uint64_t progress = 0;
    monotonic_time since{};  ///< Of the last change, or of its first work.
    monotonic_time restarted{};
    unsigned restarts = 0;
  };

  [[nodiscard]] std::optional<std::string> to_restart(const watched_component& seen, memory& known,
                                                      monotonic_time now) const;

  const watch_policy policy_;
  std::map<std::pair<std::string, std::string>, memory> known_;  ///< By path and part.
  mutable std::mutex mutex_;
  std::vector<stalled_component> stalled_;
};

/// Lets a watchdog look at regular intervals. Path: /watchdog
class watchdog_actor final : public component {
 public:
  /// `look` observes, and sees to the restarts.
  watchdog_actor(caf::actor_config& config, card_ptr card, std::chrono::milliseconds every,
                 std::function<void()> look, const watchdog& watching);

 protected:
  caf::message_handler handlers() override;
  [[nodiscard]] json state() const override;

 private:
  const std::chrono::milliseconds every_;
  const std::function<void()> look_;
  const watchdog& watching_;
};

}  // namespace troupe::host
