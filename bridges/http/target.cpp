#include "bridges/http/target.hpp"

#include <algorithm>
#include <cstddef>

namespace troupe::http {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_control(char c) {
  const auto code = static_cast<unsigned char>(c);
  return code < 0x20 || code == 0x7f;
}

/// Length of the sequence that starts with this byte; 0 if none does.
std::size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  if (lead >= 0xf0 && lead <= 0xf4) return 4;
  return 0;
}

result<void> read_query(std::string_view text, target& parsed) {
  while (!text.empty()) {
    const auto end = std::min(text.find('&'), text.size());
    const auto parameter = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (parameter.empty()) continue;
    const auto equals = std::min(parameter.find('='), parameter.size());
    auto name = percent_decode(parameter.substr(0, equals), true);
    if (!name) return name.error();
    auto value = percent_decode(parameter.substr(std::min(equals + 1, parameter.size())), true);
    if (!value) return value.error();
    parsed.query.emplace_back(std::move(*name), std::move(*value));
  }
  return {};
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const auto length = sequence_length(lead);
    if (length == 0 || at + length > text.size()) return false;
    for (std::size_t i = 1; i < length; ++i) {
      if ((static_cast<unsigned char>(text[at + i]) & 0xc0U) != 0x80U) return false;
    }
    if (length > 2) {
      const auto second = static_cast<unsigned char>(text[at + 1]);
      if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
          (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f)) {
        return false;
      }
    }
    at += length;
  }
  return true;
}

result<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    char c = text[at];
    if (c == '%') {
      const int high = at + 1 < text.size() ? hex_digit(text[at + 1]) : -1;
      const int low = at + 2 < text.size() ? hex_digit(text[at + 2]) : -1;
      if (high < 0 || low < 0) {
        return error{errc::invalid, "'%' must be followed by two hexadecimal digits"};
      }
      c = static_cast<char>(high * 16 + low);
      at += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    decoded += c;
  }
  if (std::ranges::any_of(decoded, is_control)) {
    return error{errc::invalid, "the request target encodes a control character"};
  }
  if (!is_utf8(decoded)) return error{errc::invalid, "the request target does not decode to UTF-8"};
  return decoded;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      encoded += c;
    } else {
      const auto code = static_cast<unsigned char>(c);
      encoded += '%';
      encoded += digits[code >> 4U];
      encoded += digits[code & 15U];
    }
  }
  return encoded;
}

result<target> parse_target(std::string_view text) {
  if (text.starts_with("http://") || text.starts_with("https://")) {
    const auto authority = text.find("//") + 2;
    const auto path = text.find_first_of("/?", authority);
    text = path == std::string_view::npos ? "/" : text.substr(path);
  }
  if (!text.starts_with('/')) {
    return error{errc::invalid, "the request target must start with '/'"};
  }
  if (text.find('#') != std::string_view::npos) {
    return error{errc::invalid, "the request target must not have a fragment; leave '#' out"};
  }
  const auto question = std::min(text.find('?'), text.size());
  auto path = text.substr(1, question - 1);

  target parsed;
  for (;;) {
    const auto end = std::min(path.find('/'), path.size());
    auto segment = percent_decode(path.substr(0, end), false);
    if (!segment) return segment.error();
    parsed.segments.push_back(std::move(*segment));
    if (end == path.size()) break;
    path.remove_prefix(end + 1);
  }
  if (auto read = read_query(text.substr(std::min(question + 1, text.size())), parsed); !read) {
    return read.error();
  }
  return parsed;
}

std::size_t parameter_count(std::string_view target) {
  const auto question = target.find('?');
  if (question == std::string_view::npos) return 0;
  std::size_t count = 0;
  for (char before = '&'; const char c : target.substr(question + 1)) {
    if (before == '&' && c != '&') ++count;
    before = c;
  }
  return count;
}

}  // namespace troupe::http
