#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>

#include "runtime/core/command.hpp"

namespace troupe {

/// The command ids that this node is working on, and how the newest commands ended that nobody
/// waited for. It answers for what the log cannot tell: that a command is under way, and that one
/// ended without anything to store. As many entries as there are commands in flight, which the
/// engine bounds, and at most `max_ended` more. Thread-safe.
class commands_under_way {
 public:
  explicit commands_under_way(std::size_t max_ended) : max_ended_(max_ended) {}

  /// A command whose caller waits has begun.
  void begin(const std::string& id);
  /// A command that nobody waits for has begun. False, and it must not begin, while one with
  /// another digest is under way under this id in the same manner.
  bool begin(const std::string& id, std::uint64_t digest);

  void end(const std::string& id);
  /// The outcome is remembered for a while.
  void end(const std::string& id, command_outcome outcome);

  struct pending {};
  struct unknown {};
  [[nodiscard]] std::variant<unknown, pending, command_outcome> find(const std::string& id) const;

 private:
  struct entry {
    std::size_t count = 0;  ///< Repeats may be under way together.
    std::optional<std::uint64_t> digest;
  };

  void leave(const std::string& id);
  void forget_oldest();

  const std::size_t max_ended_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, entry> begun_;
  std::unordered_map<std::string, command_outcome> ended_;
  std::deque<std::string> order_;  ///< Of the ids in `ended_`, oldest first.
};

}  // namespace troupe
