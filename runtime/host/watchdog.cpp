#include "runtime/host/watchdog.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "runtime/host/log_actors.hpp"

namespace troupe::host {
namespace {

std::string cause_of(const watched_component& seen) {
  switch (seen.waits_for) {
    case awaited::log:
      return "log";
    case awaited::view_store:
      return "view-store";
    case awaited::start:
      return "start";
    case awaited::drain:
    case awaited::nothing:
      break;
  }
  if (!seen.outside.empty()) return "channel";
  return seen.busy ? "busy" : "lost";
}

std::string detail_of(const stalled_component& one, const watched_component& seen,
                      std::chrono::seconds time) {
  const auto seconds = " for " + std::to_string(time.count()) + " s";
  std::string text;
  if (one.cause == "log") text = "waiting for the log" + seconds;
  if (one.cause == "view-store") text = "waiting for the view store" + seconds;
  if (one.cause == "start") text = "starting" + seconds;
  if (one.cause == "channel") text = seen.part + ": waiting for " + seen.outside + seconds;
  if (one.cause == "busy") text = "within one message" + seconds;
  if (one.cause == "lost") text = "has work and has done nothing" + seconds;
  if (one.restarts > 0) text += ", restarted " + std::to_string(one.restarts) + " times in vain";
  if (!seen.last_error.empty()) text += "; last error: " + seen.last_error;
  return text;
}

}  // namespace

std::vector<std::string> watchdog::look(monotonic_time now,
                                        std::span<const watched_component> all) {
  std::vector<std::string> restarts;
  std::vector<stalled_component> stalled;
  for (const auto& seen : all) {
    auto& known = known_[{seen.path, seen.part}];
    // A drain takes as long as it may.
    const bool assigned = seen.waits_for != awaited::drain &&
                          (seen.busy || seen.has_work || seen.waits_for != awaited::nothing);
    // Other messages are progress of who is busy with them, but not of who has work of its own.
    const bool moved = seen.progress != known.progress ||
                       (seen.busy && known.busy && seen.processed != known.processed);
    if (moved) known.restarts = 0;
    if (moved || assigned != known.assigned || seen.waits_for != known.waits_for) known.since = now;
    known.busy = seen.busy;
    known.assigned = assigned;
    known.waits_for = seen.waits_for;
    known.processed = seen.processed;
    known.progress = seen.progress;
    if (!assigned || now - known.since < policy_.stalled_after) continue;
    if (auto path = to_restart(seen, known, now)) restarts.push_back(std::move(*path));
    stalled_component one{seen.path, seen.kind, cause_of(seen), "", known.since, known.restarts};
    one.detail =
        detail_of(one, seen, std::chrono::duration_cast<std::chrono::seconds>(now - known.since));
    stalled.push_back(std::move(one));
  }
  // A bridge makes its parts anew at every start.
  std::erase_if(known_, [&](const auto& one) {
    const auto& [path, part] = one.first;
    return !part.empty() && std::ranges::none_of(all, [&](const watched_component& seen) {
      return seen.path == path && seen.part == part;
    });
  });
  const std::lock_guard lock(mutex_);
  stalled_ = std::move(stalled);
  return restarts;
}

std::optional<std::string> watchdog::to_restart(const watched_component& seen, memory& known,
                                                monotonic_time now) const {
  if (seen.busy || seen.waits_for != awaited::nothing || seen.restartable.empty()) {
    return std::nullopt;
  }
  if (known.restarts >= policy_.max_restarts) return std::nullopt;
  if (known.restarts > 0 && now - known.restarted < policy_.restart_every) return std::nullopt;
  known.restarted = now;
  return seen.restartable[known.restarts++ % seen.restartable.size()];
}

std::vector<stalled_component> watchdog::stalled() const {
  const std::lock_guard lock(mutex_);
  return stalled_;
}

watchdog_actor::watchdog_actor(caf::actor_config& config, card_ptr card,
                               std::chrono::milliseconds every, std::function<void()> look,
                               const watchdog& watching)
    : component(config, std::move(card)),
      every_(every),
      look_(std::move(look)),
      watching_(watching) {}

caf::message_handler watchdog_actor::handlers() {
  delayed_send(this, every_, tick{});
  return caf::message_handler{[this](const tick&) {
    look_();
    delayed_send(this, every_, tick{});
  }};
}

json watchdog_actor::state() const {
  json listed = json::array();
  for (const auto& one : watching_.stalled()) {
    listed.push_back({{"path", one.path},
                      {"cause", one.cause},
                      {"detail", one.detail},
                      {"restarts", one.restarts}});
  }
  return {{"stalled", std::move(listed)}};
}

}  // namespace troupe::host
