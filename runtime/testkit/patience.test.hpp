#pragma once

#include <chrono>

namespace troupe {

/// How long a test waits for what must happen; it never decides whether something happened.
inline constexpr std::chrono::seconds patience{30};

}  // namespace troupe
