#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/core/placement.hpp"
#include "runtime/core/tracer.hpp"
#include "runtime/host/failure.hpp"
#include "runtime/host/loaded_entity.hpp"
#include "runtime/host/log_actors.hpp"
#include "runtime/host/pending_command.hpp"
#include "runtime/host/snapshot_writer.hpp"

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
  card_ptr snapshots;
  std::shared_ptr<snapshot_queue> snapshot_places;
  version_t snapshot_every = 0;      ///< Events; 0: never.
  bool shared_log = false;           ///< Other processes append, too.
  const placement* where = nullptr;  ///< Null: every entity is this node's.
  tracer* trace = nullptr;           ///< Null: no spans.

  /// Whether another node owns the entity.
  [[nodiscard]] bool is_elsewhere(const std::string& id) const {
    return where != nullptr && !where->here(stream_id{category, id}.name());
  }
};

/// To a command handler: one more command.
struct handle {
  pending_ptr command;
};

/// To a command handler that has no commands: give back the entity as it is stored and end. The
/// answer is null when it has none.
struct rest {
  one_shot<std::shared_ptr<loaded_entity>> reply;
};

/// From a command handler to its supervisor: this many of the commands that it was given have been
/// answered, or dropped for somebody else to answer.
struct settled {
  std::string id;
  std::uint64_t incarnation = 0;
  std::size_t commands = 0;
};

/// From a command handler to its supervisor, on its way down: what it threw.
struct handler_failed {
  std::string id;
  actor_failure why;
};

/// Internal to the command handler: its load, lookup or append has come back. An answer to an
/// earlier round is stale.
struct entity_loaded {
  std::shared_ptr<result<loaded_entity>> entity;
};
struct commands_looked_up {
  std::shared_ptr<lookup_result> found;
};
struct version_confirmed {
  std::shared_ptr<result<bool>> is_last;
};
struct append_done {
  std::shared_ptr<append_result> result;
};

/// One live entity: decides its commands one after the other over its state. All commands that wait
/// while an append is under way are decided together over the speculative state and stored by one
/// append; nobody is answered from state that was not stored. After a lost race the state is loaded
/// anew and the commands are decided again, or given back where another node owns the entity by
/// now.
///
/// A command whose id its caller chose may be a repeat. The append finds that out if the command
/// makes events; the log is asked beforehand only where there is nothing to append.
///
/// Where others append too, an answer without events is told only when the log has confirmed the
/// version that it rests on, after the command came: otherwise a node that has been overtaken would
/// refuse, or find nothing to do, by what was true before. Answers with events need no such look:
/// the append compares.
///
/// A handler that throws in domain code answers the command that did it with `failed`, and dies;
/// its supervisor makes a new one.
class command_handler final : public caf::event_based_actor {
 public:
  /// `known`: what an earlier incarnation gave back when it was put to rest; without a state, the
  /// log is asked.
  command_handler(caf::actor_config& config, const handler_environment& environment, std::string id,
                  std::uint64_t incarnation, loaded_entity known);

  caf::behavior make_behavior() override;

 private:
  enum class phase : std::uint8_t {
    cold,
    loading,
    idle,
    looking_up,
    confirming,
    appending,
    keeping
  };

  /// A command that has been decided, waiting for the append that its answer depends on.
  struct decided {
    pending_ptr command;
    command_outcome outcome;
    bool has_commit = false;
    bool keep = false;  ///< The outcome is to be kept before it is told.
  };

  /// What is to be appended, and the events in it as they were before they became text.
  struct draft {
    append_request request;
    std::vector<std::vector<envelope>> events;
  };

  void advance();
  /// Decides the first command as if the entity had no history, without asking the log: most new
  /// entities are. The compare-and-set of the append says whether that was so; if not, the state is
  /// loaded and nothing has happened. False if only the history can tell.
  bool begin_as_new();
  void load_state();
  /// The one that this entity always asks, so that its questions keep their order.
  [[nodiscard]] const card_ptr& reader() const;
  /// Asks the log what it knows of the commands in `unsure_`.
  void look_up();
  void on_looked_up(const lookup_result& found);
  void decide_all();
  /// Goes on after an append or a lookup: keeps outcomes, looks up, or decides what waits.
  void next_step();
  std::optional<command_outcome> answer_without_deciding(const pending_command& one);
  /// Decides one command; adds its commit to the draft if there are events. Nothing if only the log
  /// can tell, because the command may be a repeat.
  std::optional<command_outcome> decide(const pending_ptr& one, draft& written);
  /// The outcome of an accepted command, whose events are now part of the speculative state.
  command_outcome record(const command& one, std::vector<new_event> events, draft& written);
  /// Asks the log whether the answers in `decided_`, none of which has events, may be told.
  void confirm();
  void on_confirmed(const result<bool>& is_last);
  void send_to_log(draft written, std::vector<kept_outcome> outcomes);
  void on_append_done(const append_result& result);
  /// The span of one command's commit on its way to the log. `position` 0: it was not stored.
  void trace_append(const command& one, position_t position, const error* failure) const;
  /// Keeps the outcomes of commands that changed nothing but may be repeated, and answers them
  /// after that.
  void keep_outcomes();
  void on_outcomes_kept(const append_result& result);
  void decide_again(std::vector<pending_ptr> commands, const error& failure);
  /// Takes out those that may go to the node that owns the entity, and drops them for it.
  void give_back(std::vector<pending_ptr>& commands);
  void answer(const pending_ptr& one, command_outcome outcome);
  /// Answers that nothing was stored and a repeat may fare better.
  void put_off(const pending_ptr& one, outcome_status status, std::string why);
  void report_settled();
  void become_cold();
  /// Hands the state to the snapshot writer when it has come far enough since the last time. The
  /// state must be as the log has it.
  void offer_snapshot();
  [[nodiscard]] json state() const;
  [[nodiscard]] command_outcome outcome_for(const command& one, outcome_status status) const;

  const handler_environment& environment_;
  const std::string id_;
  const std::uint64_t incarnation_;
  /// With what has been decided and is not stored yet. Its `snapshot` is the version of the last
  /// one that was loaded or handed over.
  loaded_entity entity_;
  phase phase_ = phase::cold;
  std::uint8_t lost_races_ = 0;   ///< In a row.
  bool assumed_new_ = false;      ///< The append under way was decided without a history.
  bool has_history_ = false;      ///< No use in assuming it again.
  std::size_t settled_ = 0;       ///< Answered but not yet reported.
  monotonic_time sent_to_log_{};  ///< The last time; known only where spans are wanted.
  std::vector<pending_ptr> waiting_;
  std::vector<decided> decided_;
  std::vector<decided> to_keep_;
  std::vector<pending_ptr> unsure_;
};

/// What is shown of an entity and its handler. "state" is null when there is none in memory, or
/// when domain code cannot write it as JSON.
json shown(const stream_id& stream, const loaded_entity& entity, const char* phase,
           std::size_t waiting, std::size_t deciding);

}  // namespace troupe::host

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::handle)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::rest)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::settled)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::handler_failed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::entity_loaded)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::commands_looked_up)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::version_confirmed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::append_done)
