#pragma once

#include <functional>
#include <memory>

#include "runtime/core/application.hpp"
#include "runtime/core/command.hpp"

namespace troupe::host {

/// A command with somebody waiting for its outcome. However it ends — decided, or lost with the
/// actor or mailbox that held it — the waiting side is told, once.
class pending_command {
 public:
  /// Takes over what was dropped without an answer. `in_log`: its commit was on its way to the log,
  /// so it may be stored.
  struct abandoned {
    troupe::command command;
    completion done;
    bool in_log = false;
    unsigned attempts = 0;
    std::uint64_t dropped_by = 0;  ///< The incarnation of the handler that had it; 0: none yet.
    bool here_only = false;        ///< It goes to no other node.
    bool given_back = false;       ///< Not lost in a crash: nothing of it is stored or on its way.
  };
  using on_abandoned = std::function<void(abandoned)>;

  /// `before`: how often this command has been handed to an actor before, and which handler dropped
  /// it last. `rescue` must outlive this.
  pending_command(abandoned before, const on_abandoned& rescue)
      : command_(std::move(before.command)),
        done_(std::move(before.done)),
        rescue_(rescue),
        handler_(before.dropped_by),
        attempts_(before.attempts),
        here_only_(before.here_only) {}
  pending_command(const pending_command&) = delete;
  pending_command& operator=(const pending_command&) = delete;
  ~pending_command() {
    if (done_) {
      rescue_({std::move(command_), std::move(done_), in_log_, attempts_, handler_, here_only_,
               given_back_});
    }
  }

  [[nodiscard]] const troupe::command& command() const { return command_; }

  /// Answers. Later calls do nothing.
  void complete(command_outcome outcome) {
    if (auto done = std::exchange(done_, nullptr)) done(std::move(outcome));
  }

  /// The incarnation of the handler that has this command now, or had it last.
  [[nodiscard]] std::uint64_t handler() const { return handler_; }
  void given_to(std::uint64_t incarnation) { handler_ = incarnation; }

  /// Whether the log has been asked for this command's id and did not know it.
  [[nodiscard]] bool looked_up() const { return looked_up_; }
  void set_looked_up(bool unknown) { looked_up_ = unknown; }

  /// From here on the command may be stored even if nobody reports it.
  void mark_in_log() { in_log_ = true; }

  /// Whether another node may get it.
  [[nodiscard]] bool may_move() const { return !here_only_; }
  /// The log has refused it, so nothing of it is stored. To be dropped now, for the node that owns
  /// its entity.
  void give_back() {
    in_log_ = false;
    given_back_ = true;
  }

 private:
  troupe::command command_;
  completion done_;
  const on_abandoned& rescue_;
  std::uint64_t handler_;
  bool looked_up_ = false;
  bool in_log_ = false;
  bool given_back_ = false;
  unsigned attempts_;
  bool here_only_;
};

using pending_ptr = std::shared_ptr<pending_command>;

}  // namespace troupe::host
