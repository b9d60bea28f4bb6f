#pragma once

#include <cstddef>
#include <string_view>

#include <nlohmann/json.hpp>

#include "runtime/core/result.hpp"

namespace troupe {

/// JSON values. Object members are kept sorted, so equal values have equal text.
using json = nlohmann::json;

/// Bounds on untrusted JSON text.
struct json_limits {
  std::size_t max_depth = 64;  ///< Nested arrays and objects.
};

/// Parses untrusted text: bounded depth, no duplicate keys, valid UTF-8 without a byte order mark,
/// no U+0000 (databases and C libraries cut text there), numbers in range: whole ones within 64
/// bits, others finite. Errors are `errc::invalid` and say what and where (byte offset).
result<json> parse_json(std::string_view text, const json_limits& limits = {});

/// Whether the text is UTF-8 (RFC 3629: no overlong forms, no surrogates).
bool is_utf8(std::string_view text) noexcept;

/// Whether `parse_json` failed because the text is nested deeper than allowed.
bool is_too_deep(const error& failure);

}  // namespace troupe
