#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/core/result.hpp"

namespace troupe::http {

/// A request's target, taken apart first and decoded then, so that an encoded "/" or "&" is never a
/// separator.
struct target {
  std::vector<std::string> segments;  ///< "/v1/users/" has three: "v1", "users", "".
  std::vector<std::pair<std::string, std::string>> query;
};

/// Decodes percent escapes. `invalid`: a broken escape, or a result that is not UTF-8 text without
/// control characters.
result<std::string> percent_decode(std::string_view text, bool plus_is_space);

/// Encodes text so that it is one segment of a path.
std::string percent_encode(std::string_view text);

/// Parses a target in origin form ("/v1/views/users?limit=1") or absolute form.
result<target> parse_target(std::string_view text);

/// How many query parameters a target has, found without decoding any.
std::size_t parameter_count(std::string_view target);

/// Well-formed UTF-8, without overlong forms and surrogates (RFC 3629).
bool is_utf8(std::string_view text) noexcept;

}  // namespace troupe::http
