#pragma once

#include <string>

#include "runtime/core/application.hpp"
#include "runtime/core/command.hpp"

namespace troupe {

/// A command as one node sends it to another. What is left until its deadline travels, not the
/// deadline: clocks differ.
std::string encode(const command& one, monotonic_time now);

/// The command as its receiver takes it. It may be a repeat, because its sender turns to somebody
/// else when no answer comes; so its id counts as given. `invalid` for what no node sends.
result<command_request> decode_command(const std::string& text, monotonic_time now);

}  // namespace troupe
