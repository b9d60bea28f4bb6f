#include "bridges/nats/command_key.hpp"

#include <string_view>

namespace troupe::nats {

std::string key_of(const std::string& command_id) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::string key;
  for (const char c : command_id) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-';
    if (plain) {
      key += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      key += '=';
      key += digits[byte >> 4U];
      key += digits[byte & 15U];
    }
  }
  return key;
}

}  // namespace troupe::nats
