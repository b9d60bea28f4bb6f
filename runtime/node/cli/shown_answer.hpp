#pragma once

#include <cstddef>
#include <string>

#include "runtime/core/json.hpp"
#include "runtime/node/cli/operator_command.hpp"

namespace troupe {

/// What a node answered to a command, for people: lines that fit in `width` columns (0: any).
/// Members that an older or newer node lacks are left out.
std::string shown_answer(const operator_command& command, const json& answer, std::size_t width);

/// Why a node refused, and what to do about it: one line, and one for each wrong field. `problem`:
/// the body of its answer.
std::string shown_refusal(const operator_command& command, int status, const json& problem);

/// A member as text; "" when it is absent or null.
std::string text_at(const json& object, const char* member);

}  // namespace troupe
