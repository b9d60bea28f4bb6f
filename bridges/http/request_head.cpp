#include "bridges/http/request_head.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "bridges/http/trimmed.hpp"

namespace troupe::http {
namespace {

/// The characters of a token (RFC 9110, section 5.6.2), by code.
constexpr auto token_characters = [] {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}();

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return token_characters[static_cast<unsigned char>(c)];
  });
}

/// Anything but control characters; a tab only where the grammar has white space.
bool is_field_value(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    const auto code = static_cast<unsigned char>(c);
    return code == '\t' || (code >= 0x20 && code != 0x7f);
  });
}

bool is_target(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

bool equal_ignoring_case(std::string_view text, std::string_view lower) {
  const auto to_lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  };
  return std::ranges::equal(text, lower, {}, to_lower);
}

/// Is `word` (lower case) an element of the comma-separated list?
bool list_has(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    if (equal_ignoring_case(trimmed(list.substr(0, comma)), word)) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

/// Fields that change what a request means. Two of them are one too many: parsers differ on which
/// one counts.
bool must_be_single(std::string_view name) {
  constexpr std::array<std::string_view, 13> names{
      "authorization", "content-encoding", "content-length", "content-type",  "expect",
      "host",          "idempotency-key",  "if-match",       "last-event-id", "origin",
      "traceparent",   "x-debug-sub",      "x-min-position"};
  return std::ranges::find(names, name) != names.end();
}

/// Takes the next line off the text, without its CR LF.
std::string_view take_line(std::string_view& rest) {
  const auto end = rest.find("\r\n");
  const auto line = rest.substr(0, end);
  rest.remove_prefix(std::min(line.size() + 2, rest.size()));
  return line;
}

std::optional<refusal> read_request_line(std::string_view line, const head_limits& limits,
                                         request_head& head) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) {
    return refusal{400, "malformed", "the request line must be: method, target, HTTP version"};
  }
  head.method = line.substr(0, first);
  head.target = line.substr(first + 1, last - first - 1);
  const auto version = line.substr(last + 1);
  if (!is_token(head.method) || head.method.size() > 32) {
    return refusal{400, "malformed", "the method is not a token of at most 32 characters"};
  }
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return refusal{400, "malformed", "the HTTP version must be 1.1 or 1.0"};
  }
  if (head.target.size() > limits.max_target) {
    return refusal{
        414, "uri-too-long",
        "the request target is longer than " + std::to_string(limits.max_target) + " bytes",
        "max-target"};
  }
  if (!is_target(head.target)) {
    return refusal{400, "malformed",
                   "the request target has characters that must be percent-encoded"};
  }
  head.keep_alive = version == "HTTP/1.1";
  return {};
}

std::optional<refusal> read_field(std::string_view line, char* text_begin, const char* view_begin,
                                  request_head& head) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
    return refusal{400, "malformed",
                   "a header line must be: name, colon, value; names have no spaces and lines are "
                   "not folded"};
  }
  char* name = text_begin + (line.data() - view_begin);
  std::for_each(name, name + colon, [](char& c) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  });
  const header_field field{line.substr(0, colon), trimmed(line.substr(colon + 1))};
  if (!is_field_value(field.value)) {
    return refusal{400, "malformed",
                   "header '" + std::string(field.name.substr(0, 64)) +
                       "' has a control character in its value"};
  }
  if (must_be_single(field.name) && head.find(field.name)) {
    return refusal{400, "malformed",
                   "header '" + std::string(field.name) + "' appears twice; send it once"};
  }
  head.fields.push_back(field);
  return {};
}

/// How long the body is and what happens to the connection (RFC 9112, sections 6 and 9).
std::optional<refusal> read_framing(const head_limits& limits, request_head& head) {
  const bool version_1_1 = head.keep_alive;
  if (version_1_1 && !head.find("host")) {
    return refusal{400, "malformed", "header 'host' is missing"};
  }
  const auto length = head.find("content-length");
  if (const auto coding = head.find("transfer-encoding")) {
    if (length) {
      return refusal{400, "malformed",
                     "Content-Length and Transfer-Encoding contradict each other; send "
                     "Content-Length alone"};
    }
    if (!version_1_1 || !equal_ignoring_case(*coding, "chunked")) {
      return refusal{400, "malformed", "this transfer coding is not understood"};
    }
    return refusal{411, "length-required",
                   "chunked bodies are not accepted; send a Content-Length"};
  }
  if (length) {
    const bool digits = !length->empty() &&
                        std::ranges::all_of(*length, [](char c) { return c >= '0' && c <= '9'; });
    if (!digits) return refusal{400, "malformed", "Content-Length must be one decimal number"};
    std::uint64_t bytes = 0;
    for (const char c : *length) {
      bytes = bytes * 10 + static_cast<std::uint64_t>(c - '0');
      if (bytes > limits.max_body) {
        return refusal{413, "body-too-large",
                       "the body is larger than " + std::to_string(limits.max_body) + " bytes",
                       "max-body"};
      }
    }
    head.content_length = bytes;
  }
  if (const auto expected = head.find("expect")) {
    if (!equal_ignoring_case(*expected, "100-continue")) {
      return refusal{400, "malformed", "the only expectation understood is 100-continue"};
    }
    head.expects_continue = version_1_1;
  }
  for (const auto& field : head.fields) {
    if (field.name != "connection") continue;
    if (list_has(field.value, "close")) {
      head.keep_alive = false;
      break;
    }
    if (!version_1_1 && list_has(field.value, "keep-alive")) head.keep_alive = true;
  }
  return {};
}

}  // namespace

std::optional<std::string_view> request_head::find(std::string_view name) const {
  for (const auto& field : fields) {
    if (field.name == name) return field.value;
  }
  return {};
}

std::variant<request_head, refusal> parse_head(std::string& text, const head_limits& limits) {
  request_head head;
  head.fields.reserve(16);
  const std::string_view whole = text;
  std::string_view rest = whole;
  if (auto refused = read_request_line(take_line(rest), limits, head)) return std::move(*refused);
  for (;;) {
    const auto line = take_line(rest);
    if (line.empty()) break;
    if (head.fields.size() >= limits.max_fields) {
      return refusal{431, "too-many-headers",
                     "more than " + std::to_string(limits.max_fields) + " headers", "max-headers"};
    }
    if (auto refused = read_field(line, text.data(), whole.data(), head)) {
      return std::move(*refused);
    }
  }
  if (auto refused = read_framing(limits, head)) return std::move(*refused);
  return head;
}

}  // namespace troupe::http
