#pragma once

#include <string_view>

namespace troupe::http {

/// The text without the spaces and tabs around it, as a header's value is read.
inline std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace troupe::http
