#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runtime/host/command_handler.hpp"
#include "runtime/host/supervisor.hpp"

namespace troupe::host {

/// Bounds on one category's command handlers.
struct handler_limits {
  std::size_t max_resident = 100'000;  ///< With their entity in memory; the least recently used
                                       ///< idle one is passivated beyond that.
  std::size_t max_awake = 10'000;  ///< Of these, with an actor; the least recently used idle one is
                                   ///< put to rest beyond that.
  std::size_t max_in_flight_per_entity =
      1'000;  ///< Commands waiting for one entity; more are shed.
  std::chrono::milliseconds idle_timeout{
      300'000};  ///< A handler without commands for so long is passivated.
  std::chrono::milliseconds rest_after{
      10'000};  ///< A handler without commands for so long is put to rest.
  restart_policy
      restart{};  ///< A handler that fails more often refuses commands until the window has passed.
};

/// What the engine knows of one category's handlers, across restarts of their supervisor.
struct handler_counts {
  std::atomic<std::size_t> resident{0};
  std::atomic<std::size_t> awake{0};           ///< Of the residents.
  std::atomic<std::uint64_t> incarnations{0};  ///< Handlers made so far.
  std::atomic<std::uint64_t> surplus{0};       ///< Passivated because there were too many.
  std::atomic<std::uint64_t> idled{0};         ///< Passivated because nobody asked for them.
  std::atomic<std::uint64_t> rested{0};        ///< Put to rest, for either reason.
  std::atomic<std::uint64_t> moved{0};  ///< Passivated because another node owns their entity.
};

/// To the supervisor of command handlers: one command for its entity.
struct deliver {
  pending_ptr command;
};

/// One command handler, as the admin endpoint lists it.
struct handler_info {
  std::string id;
  std::string status;
  std::uint64_t mailbox = 0;
  std::uint64_t processed = 0;
  std::uint32_t restarts = 0;
  std::string last_error;
  timestamp since;
};

/// To the supervisor of command handlers: the first `limit` of them whose id sorts behind `after`,
/// in order.
struct list_handlers {
  std::string prefix;
  std::string after;
  std::size_t limit = 0;
  one_shot<std::vector<handler_info>> reply;
};

/// To the supervisor of command handlers: what a handler that was put to rest has given back; null
/// if it had no entity, or ended before it could give it.
struct rested {
  std::string id;
  std::uint64_t incarnation = 0;
  std::shared_ptr<loaded_entity> entity;
};

/// To the supervisor of command handlers: one handler with its state (JSON null while it is down);
/// nothing if it is not resident.
struct inspect_handler {
  std::string id;
  one_shot<std::optional<std::pair<handler_info, json>>> reply;
};

/// To the supervisor of command handlers: stop this handler; the next command loads its entity
/// anew. False if not resident.
struct restart_handler {
  std::string id;
  one_shot<bool> reply;
};

/// To the supervisor of command handlers: other nodes may own some of the entities by now.
struct hand_over {};

/// Internal to the supervisor of command handlers: the rest of those that another node owns.
struct hand_over_rest {
  std::shared_ptr<std::vector<std::string>> ids;
};

/// Makes, routes to, bounds and supervises the command handlers of one category, one for each live
/// entity. It alone sends to them, so a handler whose commands are all settled can be stopped
/// without losing any. Path: /features/<feature>/command-handlers
///
/// An actor is far larger than what it holds. So a handler that has been idle for a while is put to
/// rest: it gives its entity back and ends, and the next command makes a new one around that entity
/// without asking the log. It stays the same handler to everybody else.
class command_handlers final : public component {
 public:
  command_handlers(caf::actor_config& config, card_ptr card, handler_environment environment,
                   handler_limits limits, const actor_registry& registry, handler_counts& counts);

 protected:
  caf::message_handler handlers() override;
  [[nodiscard]] json state() const override;
  void on_exit() override;

 private:
  struct slot;
  using slots = std::list<slot>;
  using place = slots::iterator;

  /// What only a handler has that has been in trouble.
  struct record {
    std::vector<monotonic_time> failures;
    std::uint32_t restarts = 0;
    bool crashed = false;  ///< And not been made again yet.
    std::string last_error;
  };

  /// A resident handler. There may be a million, so what few of them need is elsewhere.
  struct slot {
    std::string id;
    slots* in = nullptr;
    caf::actor handle;              ///< Null unless it is awake.
    std::uint64_t incarnation = 0;  ///< Of the actor, or of the last one.
    loaded_entity entity;           ///< Of one at rest; else the actor has it.
    std::size_t in_flight = 0;
    std::uint64_t processed = 0;
    timestamp since;
    monotonic_time idle_since;
    std::unique_ptr<record> trouble;
  };

  /// What came for a handler that is on its way out.
  struct parked {
    std::vector<pending_ptr> commands;
    std::vector<inspect_handler> questions;
  };

  void on_deliver(const pending_ptr& command);
  place find_or_make(const std::string& id);
  void start(place one);
  void on_settled(const settled& message);
  void on_down(const caf::down_msg& down);
  void on_rested(const rested& message);
  void put_to_rest(place one);
  /// Its actor is no more: what came meanwhile goes to the next one.
  void gone(place one);
  void passivate(place one);
  void keep_bounds();
  void sweep_idle();
  /// Finds the handlers without commands whose entities another node owns, and passivates them. One
  /// that is busy follows when it has settled its last command.
  void begin_hand_over();
  void continue_hand_over(const std::shared_ptr<std::vector<std::string>>& ids);
  /// True if the handler was passivated, because another node owns its entity.
  bool hand_over_if_elsewhere(place one);
  void list(const list_handlers& question) const;
  void inspect(const inspect_handler& question);
  bool restart(const std::string& id);
  void move(place one, slots& to);
  static record& trouble_of(slot& one);
  [[nodiscard]] bool refuses_after_failures(slot& one) const;
  [[nodiscard]] handler_info info_of(const slot& one) const;

  const handler_environment environment_;
  const handler_limits limits_;
  const actor_registry& registry_;
  handler_counts& counts_;
  // Every slot is in one of these, the one that came last at the end.
  slots busy_;                                         ///< With commands under way.
  slots idle_;                                         ///< Awake without any.
  slots leaving_;                                      ///< Asked to rest, and not answered yet.
  slots at_rest_;                                      ///< Without an actor: put to rest, or down.
  std::unordered_map<std::string_view, place> slots_;  ///< By id.
  std::unordered_map<caf::actor_addr, place> monitored_;
  /// By id: commands and questions for one that is leaving, and commands that a handler dropped
  /// when it crashed, until that has been reported.
  std::unordered_map<std::string, parked> parked_;
  std::uint64_t passivated_ = 0;
};

}  // namespace troupe::host

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::deliver)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::hand_over)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::hand_over_rest)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::rested)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::list_handlers)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::inspect_handler)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::restart_handler)
