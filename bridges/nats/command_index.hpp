#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bridges/nats/command_lists.hpp"
#include "bridges/nats/commit_message.hpp"
#include "bridges/nats/kept_outcomes.hpp"
#include "bridges/nats/publish_reply.hpp"
#include "bridges/nats/stored_messages.hpp"

namespace troupe::nats {

/// Finds commits by command id, and sees to it that no two commits carry the same one. JetStream
/// has no unique index, so a bucket holds one entry for each command id that callers chose, made by
/// compare-and-set *before* the commit: it names the entity and the sequence of the entity's last
/// commit so far. The entry alone proves nothing. What became of the command is in the entity's
/// stream: the first message behind that sequence is the command's, or another's (then the attempt
/// is dead and the entry may be taken over), or there is none yet. Whatever has a kept outcome has
/// an entry too, so that a claim which finds none need not look for an outcome. Ids that this
/// cluster made are written down many together. See docs/adr/0010-command-ids-on-jetstream.md.
class command_index {
 public:
  command_index(std::shared_ptr<connection> broker, names called, streams& all,
                stored_messages& messages, kept_outcomes& outcomes, stream_facts bucket);

  /// A commit that is about to be published behind `previous`.
  struct wanted {
    const commit* what = nullptr;
    position_t previous = 0;
    bool id_given = false;  ///< A kept outcome may carry the command's id.
  };

  /// Writes down ids that nobody else can have: they need no claim, only to be found.
  [[nodiscard]] std::vector<outgoing> entries(std::span<const wanted> all);
  /// The entry of a command whose outcome is kept, unless it has one: whoever claims the id from
  /// now on sees that there is something to look for.
  [[nodiscard]] outgoing mark(const kept_outcome& kept) const;

  /// Claims the ids, all in one round trip where nobody else has them. Nothing where the commit may
  /// go ahead; `duplicate` if the command is in the log or its outcome is kept; `conflict` if its
  /// id is claimed for a commit elsewhere that may yet come; `unavailable`.
  std::vector<std::optional<error>> claim(request_window& window, std::span<const wanted> all,
                                          monotonic_time deadline);

  /// The command's commit, if it is in the log.
  result<std::optional<recorded_commit>> find(const std::string& command_id);

 private:
  struct held {
    attempt of;  ///< Of nobody where an outcome is kept.
    bool outcome_kept = false;
    position_t sequence = 0;  ///< Of the entry itself.
  };
  /// What follows an attempt's place in the entity's stream.
  struct outcome {
    bool pending = false;  ///< Nothing yet.
    std::optional<recorded_commit> stored;
  };

  result<std::optional<held>> look_up(const std::string& command_id);
  result<outcome> resolve(const attempt& tried, const std::string& command_id);
  /// What speaks against a commit in the lists.
  std::optional<error> objection(const wanted& one);
  [[nodiscard]] outgoing entry(const std::string& command_id, json value) const;
  std::optional<error> settle_claim(request_window& window, const wanted& one,
                                    monotonic_time deadline);

  const std::shared_ptr<connection> broker_;
  const names names_;
  streams& streams_;
  stored_messages& messages_;
  kept_outcomes& outcomes_;
  const stream_facts bucket_;
  command_lists lists_;
};

}  // namespace troupe::nats
