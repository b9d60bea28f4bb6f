#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/core/event_log.hpp"

namespace troupe::host {

/// What is already known of a command id.
struct known_command {
  std::uint64_t digest = 0;
  command_outcome outcome;
};

/// The answer that an accepted command got, made again from its commit.
result<command_outcome> outcome_of(const recorded_commit& stored);

/// Looks a command id up among the commits and the kept outcomes. Blocks on the log.
result<std::optional<known_command>> find_known(event_log& log, const std::string& command_id);

/// The answer to a command whose id is already known: the same as before, or `id_reused` if it was
/// another command.
command_outcome answer_again(const known_command& known, const command& repeated);

/// Says that the command's id belongs to another command.
command_outcome refuse_reuse(const command& repeated);

}  // namespace troupe::host
