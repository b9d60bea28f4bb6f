#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "runtime/core/application.hpp"
#include "runtime/core/bridge.hpp"
#include "runtime/core/clock.hpp"
#include "runtime/core/event_log.hpp"
#include "runtime/core/feature.hpp"
#include "runtime/core/placement.hpp"
#include "runtime/core/tracer.hpp"
#include "runtime/host/failure.hpp"
#include "runtime/host/parked_events.hpp"
#include "runtime/host/stall.hpp"
#include "runtime/host/supervision.hpp"

namespace troupe::host {

/// Where the work of several nodes is done.
struct sharing {
  /// Carries out a command on this node.
  using carry_out = std::function<void(command, completion)>;

  /// Null: this node does everything itself. Outlives the engine.
  const placement* where = nullptr;
  /// Takes a command to the node that owns its entity; what that node cannot take is given to
  /// `here`. Calls `done` exactly once, or lets `here` do so.
  std::function<void(command, completion done, carry_out here)> forward;
};

/// Bounds and policies of an engine.
struct engine_options {
  std::string node = "node";           ///< Written into events and shown with every actor.
  std::size_t max_in_flight = 10'000;  ///< Commands under way on this node; more are shed.
  std::size_t max_in_flight_per_entity = 1'000;
  std::size_t max_resident =
      100'000;                     ///< Command handlers with their entity in memory, per category.
  std::size_t max_awake = 10'000;  ///< Of these, with an actor; the others rest.
  std::chrono::milliseconds idle_timeout{
      300'000};  ///< After which a handler without commands is passivated.
  std::chrono::milliseconds rest_after{10'000};  ///< After which it is put to rest.
  std::size_t max_commits_per_batch = 1'000;     ///< What a projector takes at a time.
  std::size_t max_dead_letters = 100'000;        ///< Parked events of a projector; it stops then.
  std::size_t log_readers = 2;
  /// Threads for the actors that never block. More than there are cores only get in each other's
  /// way.
  std::size_t scheduler_threads = std::max(2U, std::thread::hardware_concurrency());
  version_t snapshot_every = 200;  ///< Events of an entity between two snapshots; 0: none.
  restart_policy component_policy{std::chrono::milliseconds(0), std::chrono::milliseconds(10'000),
                                  0.2, 5, std::chrono::milliseconds(10'000)};
  /// For what depends on somebody else: projectors on their database, bridges on their port.
  restart_policy backoff_policy{std::chrono::milliseconds(50), std::chrono::milliseconds(5'000),
                                0.2, 30, std::chrono::milliseconds(60'000)};
  /// Told of every failure of an actor; called on any thread, must not block.
  failure_observer on_failure;
  tracer* trace = nullptr;  ///< Null: no spans. Outlives the engine.
  sharing shared;
  watch_policy watching;
  restart_policy handler_policy{std::chrono::milliseconds(0), std::chrono::milliseconds(0), 0, 5,
                                std::chrono::milliseconds(10'000)};
};

/// One supervised actor, as the admin endpoint shows it.
struct actor_info {
  std::string path;
  std::string kind;
  std::string status;
  std::uint64_t mailbox = 0;
  std::uint64_t processed = 0;
  std::uint32_t restarts = 0;
  std::string last_error;
  timestamp since{};
};

/// One projector, as the admin endpoint shows it.
struct projection_info {
  std::string name;
  std::string feature;
  std::string category;
  database_role role = database_role::views;
  position_t position = 0;
  double events_per_second = 0;
  std::uint64_t events = 0;  ///< Applied since the node started.
  std::uint64_t parked = 0;  ///< Since the node started.
  std::string status;        ///< running, paused, rebuilding, failing; standby: see `owner`
  std::string owner;         ///< The node that runs it, if that is another one; else "".
  std::string last_error;
};

/// Numbers for the metrics; each is of this moment or since the start.
struct engine_counts {
  std::size_t in_flight = 0;
  std::uint64_t shed = 0;
  std::size_t resident = 0;
  std::uint64_t rescued =
      0;  ///< Commands dropped by a crash, and decided again or resolved from the log.
  std::uint64_t surplus = 0;  ///< Handlers passivated because there were too many.
  std::uint64_t idled = 0;    ///< Handlers passivated because nobody asked for them.
  std::size_t awake = 0;      ///< Of the residents.
  std::uint64_t rested = 0;   ///< How often a handler was put to rest.
  std::uint64_t moved = 0;    ///< Handlers passivated because another node owns their entity.
};

/// A projector with the database it writes to.
struct bound_projection {
  std::string feature;
  projection what;
  view_store* store = nullptr;
  bool shared = false;  ///< Other nodes have the same database: one of them runs the projector.
};

/// The actor system of a node: one supervision tree with the log's actors, a supervisor of command
/// handlers for each category, a subscriber for each category, a projector for each view, and the
/// bridges. Thread-safe once started.
///
///     /                                            root supervisor
///     /watchdog
///     /log/writer  /log/reader-1…  /log/snapshots  /log/maintenance
///     /features/<feature>/command-handlers/<id>
///     /features/<feature>/subscribers/<category>
///     /features/<feature>/projectors/<view>
///     /bridges/<name>
class engine {
 public:
  /// The ports and the features must outlive the engine.
  engine(engine_options options, const std::vector<feature>& features,
         std::vector<bound_projection> projections, event_log& log, const clock& time);
  ~engine();
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;

  /// Starts everything but the bridges.
  void start();

  /// Starts the bridges; `unavailable` or `invalid` if one of them cannot begin to serve (a busy
  /// port). Once only.
  result<void> start_bridges(std::vector<std::shared_ptr<bridge>> bridges);

  /// Bridges stop accepting and finish what they have; commands under way are finished. False if
  /// the deadline came first.
  bool drain(monotonic_time deadline);

  /// Stops all actors, bridges first, the log's last. Idempotent; the destructor calls it.
  void stop();

  /// Hands a command to its entity's actor, here or on the node that owns the entity. `done` is
  /// called exactly once, on any thread. The category must be a feature's.
  void submit(command one, completion done);
  /// The same for a command that another node has sent here: it goes no further.
  void submit_here(command one, completion done);

  /// All supervised actors whose paths sort behind `after` and start with `prefix`, by path, at
  /// most `limit`; of one kind, or all when "".
  std::vector<actor_info> actors(const std::string& kind, const std::string& prefix,
                                 const std::string& after, std::size_t limit);
  /// All supervised actors but the command handlers; needs no answer from any of them.
  [[nodiscard]] std::vector<actor_info> components() const;
  /// How many there are of a kind, or in all when "".
  std::size_t actor_count(const std::string& kind);
  /// One actor and what it holds; JSON null if it did not say within a second. `not_found`.
  result<std::pair<actor_info, json>> actor(const std::string& path);
  result<void> restart(const std::string& path);

  [[nodiscard]] std::vector<projection_info> projections() const;
  /// Waits until the projector has reached a position; false if the deadline came first or there is
  /// no such projector.
  bool await_projection(const std::string& name, position_t position,
                        monotonic_time deadline) const;
  /// Calls back whenever a projector has moved; must not block. `not_found`.
  result<std::unique_ptr<watch>> watch_projection(const std::string& name,
                                                  std::function<void()> changed) const;
  /// Calls back whenever commits of a category have been stored here, on the log writer's thread:
  /// must not block. `not_found`.
  result<std::unique_ptr<watch>> watch_category(const std::string& category,
                                                std::function<void()> changed) const;
  /// Holds also after a restart of the node, until `resume_projection`. Errors: those of the view's
  /// store.
  result<void> pause_projection(const std::string& name);
  /// `conflict` for a projection that was stopped because its checkpoint is ahead of the log: only
  /// rebuilding helps it.
  result<void> resume_projection(const std::string& name);
  result<void> rebuild_projection(const std::string& name);
  /// See `retry_parked`. `in_doubt` when the projector is restarting, or did not answer in time.
  result<retried_events> retry_parked_event(const std::string& projection, std::uint64_t id);
  /// See `discard_parked`; the same.
  result<dead_letter> discard_parked_event(const std::string& projection, std::uint64_t id);

  /// Why the node is not well: actors that are not running, projectors that fail, a supervisor that
  /// gave up. Empty when all is well.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> troubles() const;
  /// Components that have work and do not advance, with the cause.
  [[nodiscard]] std::vector<stalled_component> stalled() const;
  /// Why the log does not take commands at the moment; nothing when it does.
  [[nodiscard]] std::optional<std::string> log_trouble() const;
  [[nodiscard]] engine_counts counts() const;

 private:
  class implementation;
  std::unique_ptr<implementation> implementation_;
};

}  // namespace troupe::host
