#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/core/application.hpp"
#include "runtime/core/clock.hpp"
#include "runtime/core/feature.hpp"
#include "runtime/core/json.hpp"
#include "runtime/core/placement.hpp"
#include "runtime/core/tracer.hpp"
#include "runtime/node/metrics.hpp"
#include "runtime/node/peers.hpp"

namespace troupe {

/// One line of `/readyz?verbose`.
struct health_check {
  std::string name;
  bool ok = false;
  std::string detail;  ///< Why not; "" when fine.
};

/// Which actors to list.
struct actor_filter {
  std::string kind;         ///< "" for all.
  std::string path_prefix;  ///< "" for all.
  std::string after;        ///< A path; lists what sorts behind it.
  std::size_t limit = 100;  ///< 1 to 1,000.
};

/// What somebody changed, or tried to, through the admin endpoint, and what came of it.
struct admin_change {
  std::string who;     ///< The token's name; "anybody" where none is needed, "nobody" if refused.
  std::string from;    ///< The address of their end of the connection.
  std::string method;  ///< Of HTTP.
  std::string target;  ///< Path and query.
  int status = 0;      ///< The answer's.
  std::string trace_id;
};

/// What a node shows of itself to its HTTP and admin bridges. Thread-safe. Calls may block on the
/// log, on a database, or up to a second on an actor that is busy. JSON answers have the shapes of
/// the public interface; errors are `not_found`, `invalid`, `unavailable`, `corrupt`.
class node_model {
 public:
  virtual ~node_model() = default;

  virtual application& app() = 0;
  [[nodiscard]] virtual const std::vector<feature>& features() const = 0;
  [[nodiscard]] virtual const clock& time() const = 0;
  virtual id_source& ids() = 0;
  virtual metric_registry& metrics() = 0;
  /// Begins spans and keeps them for an exporter; null when nobody wants any.
  virtual tracer* tracing() { return nullptr; }

  /// False when the process should be replaced.
  virtual bool live() = 0;
  virtual std::vector<health_check> startup_checks() = 0;
  virtual std::vector<health_check> readiness_checks() = 0;

  /// `{"items":[…],"total":N,"next":path|null}`
  virtual result<json> actors(const actor_filter& filter) = 0;
  /// One actor with its `state`.
  virtual result<json> actor(const std::string& path) = 0;
  virtual result<void> restart_actor(const std::string& path) = 0;

  /// `{"id","category","version","state"}`, folded from the log, now or at a version.
  virtual result<json> entity(const stream_id& stream, std::optional<version_t> version) = 0;
  /// What a command would do to an entity, now or as it was at a version; nothing is stored:
  /// `{"status","version","events":[{"type","data"}],"state"}`, or why it would be refused.
  virtual result<json> what_if(command_request command, std::optional<version_t> version) = 0;
  /// `{"items":[…],"next":version|null}`: events of one entity with versions >= `from`.
  virtual result<json> stream(const stream_id& stream, version_t from, std::size_t limit) = 0;
  /// `{"items":[…],"next":position,"head":position}`: whole commits of a category with positions >=
  /// `from`.
  virtual result<json> log(const std::string& category, position_t from, std::size_t limit) = 0;

  /// `{"items":[{"name","node","position","head","lagEvents","lagSeconds","eventsPerSecond","status","lastError",…}]}`
  virtual result<json> projections() = 0;
  virtual result<void> pause_projection(const std::string& name) = 0;
  virtual result<void> resume_projection(const std::string& name) = 0;
  virtual result<void> rebuild_projection(const std::string& name) = 0;
  /// `{"items":[…],"next":id|null}`: parked events.
  virtual result<json> dead_letters(std::uint64_t after, std::size_t limit) = 0;

  /// Hands a parked event, and those of its key behind it, to the projector again:
  /// `{"status","applied","parkedAgain","left","reason"}`. `conflict` when it is not the first of
  /// its key, or fails again.
  virtual result<json> retry_dead_letter(const std::string& id) = 0;
  /// Forgets a parked event, and gives it.
  virtual result<json> discard_dead_letter(const std::string& id) = 0;
  /// What is known of one correlation, trace or command: `{"id","commands":[…],"searched":[…]}`.
  virtual result<json> trace(const std::string& id) = 0;

  /// Where in the cluster things run; null when this node runs everything.
  [[nodiscard]] virtual const placement* where() const { return nullptr; }
  /// The cluster's admin endpoints; null for a node alone. What follows and what is above is of
  /// this node.
  [[nodiscard]] virtual node_peers* peers() { return nullptr; }
  /// What is written to the log from now on, until the node's end: a level of `--log-level`.
  /// `invalid` for another one.
  virtual result<void> set_log_level(const std::string& level) = 0;

  /// Tells the log what somebody has changed, or tried to; what somebody who was let in has done is
  /// also kept for good. Does not block.
  virtual void audit(const admin_change& change, bool let_in) = 0;

  /// The nodes that this one knows, itself first, and who owns which shard.
  virtual json cluster() = 0;
  /// Version, build, uptime, and what may be asked of each category.
  virtual json info() = 0;
  /// Effective settings without secrets.
  virtual json config() = 0;
};

}  // namespace troupe
