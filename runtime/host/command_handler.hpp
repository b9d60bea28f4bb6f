#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/host/log_actors.hpp"
#include "runtime/host/pending_command.hpp"

namespace troupe::host {

/// What all command handlers of one category share; outlives them.
struct handler_environment {
  std::string category;
  std::shared_ptr<const aggregate_kernel> kernel;
  card_ptr writer;
  std::vector<card_ptr> readers;  ///< At least one.
  card_ptr handlers;              ///< The supervisor of the category's handlers.
  const clock* time = nullptr;
  std::string node;  ///< Written into every event's metadata.
};

/// To a command handler: one more command.
struct handle {
  pending_ptr command;
};

/// From a command handler to its supervisor: this many commands have been answered.
struct settled {
  std::string id;
  std::size_t commands = 0;
};

/// From a command handler to its supervisor, on its way down: what it threw.
struct handler_failed {
  std::string id;
  std::string what;
};

/// Internal to the command handler: its load, lookup or append has come back. An answer to an
/// earlier round is stale.
struct entity_loaded {
  std::shared_ptr<result<loaded_entity>> entity;
};
struct commands_looked_up {
  std::shared_ptr<lookup_result> found;
};
struct append_done {
  std::shared_ptr<append_result> result;
};

/// One live entity: decides its commands one after the other over its state. All commands that wait
/// while an append is under way are decided together over the speculative state and stored by one
/// append; nobody is answered from state that was not stored. After a lost race the state is loaded
/// anew and the commands are decided again.
///
/// A handler that throws in domain code answers the command that did it with `failed`, and dies;
/// its supervisor makes a new one.
class command_handler final : public caf::event_based_actor {
 public:
  command_handler(caf::actor_config& config, const handler_environment& environment,
                  std::string id);

  caf::behavior make_behavior() override;

 private:
  enum class phase : std::uint8_t { cold, loading, idle, looking_up, appending };

  /// A command that has been decided, waiting for the append that its answer depends on.
  struct decided {
    pending_ptr command;
    command_outcome outcome;
    bool has_commit = false;
    bool keep = false;  ///< The outcome is to be kept before it is told.
  };

  void advance();
  void load_state();
  void look_up(std::vector<std::string> ids);
  void decide_all(const lookup_result* known);
  std::optional<command_outcome> answer_without_deciding(const pending_command& one);
  /// Decides one command; adds its commit to `commits` if there are events.
  command_outcome decide(const pending_ptr& one, std::vector<commit>& commits);
  void send_to_log(append_request request, std::vector<kept_outcome> outcomes);
  void on_append_done(const append_result& result);
  /// Keeps the outcomes of commands that changed nothing but may be repeated, and answers them
  /// after that.
  void keep_outcomes(std::vector<decided> refused);
  void decide_again(std::vector<pending_ptr> commands, const error& failure);
  void answer(const pending_ptr& one, command_outcome outcome);
  void report_settled();
  void become_cold();
  [[nodiscard]] json state() const;
  [[nodiscard]] command_outcome outcome_for(const pending_command& one,
                                            outcome_status status) const;

  const handler_environment& environment_;
  const std::string id_;
  std::unique_ptr<entity> entity_;
  version_t version_ = 0;
  position_t position_ = 0;
  phase phase_ = phase::cold;
  std::uint8_t lost_races_ = 0;  ///< In a row.
  std::size_t settled_ = 0;      ///< Answered but not yet reported.
  std::vector<pending_ptr> waiting_;
  std::vector<decided> decided_;
};

}  // namespace troupe::host

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::handle)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::settled)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::handler_failed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::entity_loaded)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::commands_looked_up)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::append_done)
