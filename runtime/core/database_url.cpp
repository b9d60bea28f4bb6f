#include "runtime/core/database_url.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace troupe {
namespace {

constexpr std::string_view hex_digits = "0123456789ABCDEF";

int hex_value(char c) {
  const auto digit =
      hex_digits.find(static_cast<char>(std::toupper(static_cast<unsigned char>(c))));
  return digit == std::string_view::npos ? -1 : static_cast<int>(digit);
}

bool is_letter_or_digit(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

error malformed(const std::string& why) {
  return {errc::invalid, "the database URL " + why +
                             "; give one like postgres://user:password@host:5432/name or "
                             "sqlite://path/to/file.db"};
}

std::string assembled(const database_url& url, const std::string& authority, bool hide) {
  std::string text = url.scheme + "://" + authority + url.path;
  char separator = '?';
  for (const auto& [name, value] : url.parameters) {
    const bool secret = hide && (name == "password" || name == "sslpassword");
    text += separator + percent_encode(name) + '=' + (secret ? "***" : percent_encode(value));
    separator = '&';
  }
  return text;
}

}  // namespace

result<std::string> percent_decode(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      bytes += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0 || high + low == 0) {
      return malformed("has a '%' that is not followed by the two digits of a character");
    }
    bytes += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return bytes;
}

std::string percent_encode(const std::string& text) {
  std::string encoded;
  for (const char c : text) {
    if (is_letter_or_digit(c) || c == '-' || c == '_' || c == '.' || c == '~') {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += hex_digits[byte / 16U];
    encoded += hex_digits[byte % 16U];
  }
  return encoded;
}

result<database_url> parse_database_url(const std::string& text) {
  const auto colon = text.find("://");
  if (colon == std::string::npos || colon == 0) return malformed("has no scheme");
  database_url url;
  for (const char c : text.substr(0, colon)) {
    if (!is_letter_or_digit(c)) return malformed("has no scheme");
    url.scheme += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  if (text.find('\0') != std::string::npos) return malformed("has a NUL character");
  const auto question = text.find('?', colon);
  const auto place = text.substr(
      colon + 3, question == std::string::npos ? std::string::npos : question - colon - 3);
  const auto slash = place.find('/');
  url.authority = place.substr(0, slash);
  if (slash != std::string::npos) url.path = place.substr(slash);
  if (auto decoded = percent_decode(place); !decoded) return decoded.error();
  std::size_t from = question == std::string::npos ? text.size() : question + 1;
  while (from < text.size()) {
    const auto end = std::min(text.find('&', from), text.size());
    const auto item = text.substr(from, end - from);
    const auto equals = item.find('=');
    if (equals == std::string::npos || equals == 0) {
      return malformed("has a parameter that is not like name=value");
    }
    auto name = percent_decode(item.substr(0, equals));
    if (!name) return std::move(name).error();
    auto value = percent_decode(item.substr(equals + 1));
    if (!value) return std::move(value).error();
    url.parameters.emplace_back(std::move(*name), std::move(*value));
    from = end + 1;
  }
  return url;
}

std::optional<std::string> database_url::parameter(const std::string& name) const {
  std::optional<std::string> found;
  for (const auto& [one, value] : parameters) {
    if (one == name) found = value;
  }
  return found;
}

database_url database_url::with(const std::string& name, const std::string& value) const {
  auto more = *this;
  more.parameters.emplace_back(name, value);
  return more;
}

std::string database_url::text() const { return assembled(*this, authority, false); }

std::string database_url::without_password() const {
  // Up to the last '@': a password that should have been encoded may hold one.
  const auto at = authority.rfind('@');
  const auto secret = authority.find(':');
  if (at == std::string::npos || secret > at) return assembled(*this, authority, true);
  return assembled(*this, authority.substr(0, secret) + ":***" + authority.substr(at), true);
}

}  // namespace troupe
