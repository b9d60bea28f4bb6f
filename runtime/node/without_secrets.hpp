#pragma once

#include <string>
#include <string_view>

namespace troupe {

/// A line as it may be shown: what stands before the `@` of an address goes, and the value of every
/// `password=`, wherever in the line they are. It rather takes too much than too little away.
[[nodiscard]] std::string without_secrets(std::string_view line);

}  // namespace troupe
