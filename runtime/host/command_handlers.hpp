#pragma once

#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/host/command_handler.hpp"
#include "runtime/host/supervisor.hpp"

namespace troupe::host {

/// Bounds on one category's command handlers.
struct handler_limits {
  std::size_t max_resident =
      100'000;  ///< Live handlers; the least recently used idle one is passivated beyond that.
  std::size_t max_in_flight_per_entity =
      1'000;  ///< Commands waiting for one entity; more are shed.
  std::chrono::milliseconds idle_timeout{
      300'000};  ///< A handler without commands for so long is passivated.
  restart_policy
      restart{};  ///< A handler that fails more often refuses commands until the window has passed.
};

/// What the engine knows of one category's handlers, across restarts of their supervisor.
struct handler_counts {
  std::atomic<std::size_t> resident{0};
  std::atomic<std::uint64_t> incarnations{0};  ///< Handlers made so far.
  std::atomic<std::uint64_t> surplus{0};       ///< Passivated because there were too many.
  std::atomic<std::uint64_t> idled{0};         ///< Passivated because nobody asked for them.
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

/// Makes, routes to, bounds and supervises the command handlers of one category, one for each live
/// entity. It alone sends to them, so a handler whose commands are all settled can be stopped
/// without losing any. Path: /features/<feature>/command-handlers
class command_handlers final : public component {
 public:
  command_handlers(caf::actor_config& config, card_ptr card, handler_environment environment,
                   handler_limits limits, const actor_registry& registry, handler_counts& counts);

 protected:
  caf::message_handler handlers() override;
  [[nodiscard]] json state() const override;
  void on_exit() override;

 private:
  struct slot {
    caf::actor handle;
    std::uint64_t incarnation = 0;
    std::size_t in_flight = 0;
    std::uint64_t processed = 0;
    std::uint32_t restarts = 0;
    std::vector<monotonic_time> failures;
    std::string last_error;
    timestamp since;
    monotonic_time last_used;
    std::list<const std::string*>::iterator recency;  ///< Points at the key of this slot.
  };
  using slots = std::unordered_map<std::string, slot>;

  void on_deliver(const pending_ptr& command);
  slots::iterator find_or_make(const std::string& id);
  void on_settled(const settled& message);
  void on_down(const caf::down_msg& down);
  void passivate(slots::iterator one);
  void passivate_surplus();
  void passivate_idle();
  [[nodiscard]] bool refuses_after_failures(slot& one) const;
  [[nodiscard]] static handler_info info_of(const std::string& id, const slot& one);

  const handler_environment environment_;
  const handler_limits limits_;
  const actor_registry& registry_;
  handler_counts& counts_;
  slots slots_;
  std::list<const std::string*> recency_;  ///< Keys of the slots, least recently used first.
  std::unordered_map<caf::actor_addr, std::string> ids_;
  /// Commands that a handler dropped when it went down, until its end has been reported. By entity.
  std::unordered_map<std::string, std::vector<pending_ptr>> dropped_;
  std::uint64_t passivated_ = 0;
};

}  // namespace troupe::host

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::deliver)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::list_handlers)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::inspect_handler)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::restart_handler)
