#include "runtime/core/made_id.hpp"

#include <charconv>

namespace troupe {
namespace {

constexpr std::size_t uuid_length = 36;
constexpr std::size_t mark_at = 14;
constexpr std::size_t mark_length = 4;
constexpr const char* no_mark = "7ac6";

std::optional<std::uint64_t> hexadecimal(std::string_view digits) {
  std::uint64_t number = 0;
  const auto* end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, number, 16);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return number;
}

}  // namespace

std::optional<std::uint64_t> made_at(std::string_view id) {
  if (id.size() != uuid_length || id[8] != '-' || id[13] != '-' || id[18] != '-')
    return std::nullopt;
  if (hexadecimal(id.substr(mark_at, mark_length)) != mark_of_made_ids) return std::nullopt;
  const auto high = hexadecimal(id.substr(0, 8));
  const auto low = hexadecimal(id.substr(9, 4));
  if (!high || !low) return std::nullopt;
  return (*high << 16U) | *low;
}

std::string without_mark(std::string id) {
  if (made_at(id)) id.replace(mark_at, mark_length, no_mark);
  return id;
}

}  // namespace troupe
