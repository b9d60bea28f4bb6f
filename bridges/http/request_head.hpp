#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace troupe::http {

/// Why a request is not served. Its connection is closed, because where the next one starts is in
/// doubt.
struct refusal {
  int status = 400;
  const char* code = "malformed";  ///< A literal; also the metric's `reason`.
  std::string detail;
  const char* limit = nullptr;  ///< The flag of the limit that was reached, if one was.
};

struct header_field {
  std::string_view name;  ///< Lower case.
  std::string_view value;
};

/// Request line and headers, checked, with the framing they imply. Views into the text it was
/// parsed from.
struct request_head {
  std::string_view method;
  std::string_view target;
  std::vector<header_field> fields;
  std::uint64_t content_length = 0;
  bool keep_alive = true;
  bool expects_continue = false;

  /// The first field with this name (in lower case).
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
};

struct head_limits {
  std::size_t max_fields = 100;
  std::size_t max_target = 8192;
  std::uint64_t max_body = std::uint64_t{1} << 20U;
};

/// Parses a head by RFC 9112: `text` ends with the empty line, and every line with CR LF. Strict
/// where leniency lets two parsers disagree on where a request ends. Writes the field names' lower
/// case into `text`.
std::variant<request_head, refusal> parse_head(std::string& text, const head_limits& limits);

}  // namespace troupe::http
