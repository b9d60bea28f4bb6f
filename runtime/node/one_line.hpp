#pragma once

#include <string>

namespace troupe {

/// Text from outside as it may stand in a line: control characters become spaces, so that it
/// neither starts a new line nor moves the cursor.
[[nodiscard]] std::string one_line(std::string text);

}  // namespace troupe
