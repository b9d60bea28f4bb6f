#pragma once

#include <atomic>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bridges/nats/names.hpp"
#include "bridges/nats/stored_messages.hpp"
#include "runtime/core/json.hpp"

namespace troupe::nats {

/// A commit that was about to be published: what became of it is in its entity's stream.
struct attempt {
  stream_id stream;
  position_t previous = 0;  ///< Sequence of the entity's last commit then.
};

/// Reads "identity.4711" and a sequence; nothing if they are none.
std::optional<attempt> attempt_from(const json& stream, const json& previous);

/// Where commits are found by the ids that nodes made for them, many in one message: such an id
/// needs no entry of its own, since nobody else can claim it. A message lies in the bucket of
/// command ids under the time at which its ids were made, which can be read off them. Thread-safe.
///
///     $KV.<cluster>_commands.made.<time>.<unique>   [["<id>", "identity.4711", 0], …]
class command_lists {
 public:
  command_lists(names called, stored_messages& messages, stream_facts bucket);

  struct item {
    std::string command_id;
    attempt of;
  };

  /// Whether the id may be in a list: see `made_at`.
  static bool may_hold(std::string_view command_id);

  /// The lists to be stored; each item's `may_hold` is true.
  std::vector<outgoing> to_messages(std::span<const item> items);

  /// The attempts that were made under this id. Reads the lists of all ids that were made in the
  /// same few milliseconds, one after the other.
  result<std::vector<attempt>> find(const std::string& command_id);

 private:
  /// Of a list, or of all of one time.
  [[nodiscard]] std::string subject(std::uint64_t time, const std::string& which) const;

  const names names_;
  stored_messages& messages_;
  const stream_facts bucket_;
  const std::string writer_;  ///< Tells this writer's messages from all others'.
  std::atomic<std::uint64_t> next_ = 0;
};

}  // namespace troupe::nats
