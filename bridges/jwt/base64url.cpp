#include "bridges/jwt/base64url.hpp"

#include <cstdint>

namespace troupe::jwt {
namespace {

/// The six bits that a letter stands for; nothing for any other character.
std::optional<std::uint32_t> bits_of(char letter) {
  if (letter >= 'A' && letter <= 'Z') return letter - 'A';
  if (letter >= 'a' && letter <= 'z') return letter - 'a' + 26;
  if (letter >= '0' && letter <= '9') return letter - '0' + 52;
  if (letter == '-') return 62;
  if (letter == '_') return 63;
  return std::nullopt;
}

}  // namespace

std::optional<std::string> decode_base64url(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t pending = 0;  // Bits that are not yet a byte, and how many.
  unsigned count = 0;
  for (const char letter : text) {
    const auto bits = bits_of(letter);
    if (!bits) return std::nullopt;
    pending = (pending << 6U) | *bits;
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>((pending >> count) & 0xffU);
    }
  }
  // Six bits are no byte, and two or four that are left over must be zero.
  if (count == 6 || (pending & ((1U << count) - 1)) != 0) return std::nullopt;
  return bytes;
}

}  // namespace troupe::jwt
