#pragma once

#include <deque>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "runtime/host/component.hpp"
#include "runtime/host/supervision.hpp"

namespace troupe::host {

/// How to start one child. `start` spawns it from the supervisor; it is called again for every
/// restart, so what must outlive a crash (a projector's memory of what it failed on) is captured in
/// it.
struct child_spec {
  std::string name;  ///< Last segment of its path.
  std::string kind;  ///< "log-writer", "projector", …
  restart_policy policy;
  std::function<caf::actor(caf::event_based_actor& parent, card_ptr card)> start;
};

/// Starts a child again: now if it is down or given up, after stopping it if it runs.
struct restart_child {
  std::string name;
};

/// To a supervisor: one more child, to be started now.
struct adopt {
  std::shared_ptr<const child_spec> spec;
};

/// To a supervisor: passed on to all supervisors below it; answered when all of them have started
/// their children.
struct sync {
  one_shot<bool> reply;
};

/// Internal to the supervisor: the delay before a restart is over.
struct restart_due {
  std::string name;
  std::uint64_t failure = 0;
};

/// Keeps its children running by their policies (one for one) and stops them, last first, when it
/// is stopped itself.
class supervisor final : public component {
 public:
  /// `root`: when it gives up on a child, it stays, and the node is marked not ready.
  supervisor(caf::actor_config& config, card_ptr card, actor_registry& registry,
             std::vector<child_spec> children, bool root);

  /// The path of a child of the supervisor at `path`.
  static std::string child_path(const std::string& path, const std::string& name);

 protected:
  caf::message_handler handlers() override;
  [[nodiscard]] json state() const override;
  void on_exit() override;

 private:
  struct child {
    child_spec spec;
    card_ptr card;
    caf::actor handle;
    std::deque<monotonic_time> failures;
    unsigned in_a_row = 0;
    std::uint64_t failure =
        0;  ///< Number of the newest failure; a `restart_due` of an older one is stale.
    bool asked_to_restart = false;
  };

  void add(child_spec spec);
  void start(child& one);
  void child_down(child& one, const caf::error& reason);
  void child_failed(child& one);
  void give_up(child& one);
  void stop_next();
  child* by_name(const std::string& name);

  actor_registry& registry_;
  std::vector<child> children_;
  bool root_;
  bool stopping_ = false;
  caf::error stop_reason_;
  std::mt19937_64 random_;
};

/// The spec of a supervisor as a child of another.
child_spec supervisor_spec(std::string name, actor_registry& registry, restart_policy policy,
                           std::vector<child_spec> children);

}  // namespace troupe::host

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::restart_child)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::adopt)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::sync)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::restart_due)
