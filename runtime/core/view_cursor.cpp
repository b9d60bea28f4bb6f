#include "runtime/core/view_cursor.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "runtime/core/ids.hpp"

namespace troupe {
namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// RFC 4648 section 5, without padding.
std::string encode_base64url(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() * 4 + 2) / 3);
  std::uint32_t held = 0;
  int bits = 0;
  for (const char byte : bytes) {
    held = (held << 8U) | static_cast<unsigned char>(byte);
    for (bits += 8; bits >= 6;) {
      bits -= 6;
      text += alphabet[(held >> static_cast<unsigned>(bits)) & 63U];
    }
  }
  if (bits > 0) text += alphabet[(held << static_cast<unsigned>(6 - bits)) & 63U];
  return text;
}

std::optional<std::string> decode_base64url(std::string_view text) {
  std::string bytes;
  std::uint32_t held = 0;
  int bits = 0;
  for (const char c : text) {
    const auto digit = alphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    held = (held << 6U) | static_cast<std::uint32_t>(digit);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>((held >> static_cast<unsigned>(bits)) & 255U);
    }
  }
  return bytes;
}

/// The same for two queries if and only if (but for chance) a cursor of one fits the other.
std::string shape_of(const view_table& table, const view_query& query) {
  auto equals = query.equals;
  std::ranges::sort(equals);
  const json shape = {table.name, table.key_column, query.order_by, query.descending, equals};
  return std::to_string(digest_of(shape.dump(-1, ' ', false, json::error_handler_t::replace)));
}

/// What is wrong with a value anywhere inside a row; nullptr if nothing is.
const char* problem_of(const json& value) {
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (text.find('\0') != std::string::npos)
      return "holds a NUL character, which views cannot store";
    return is_utf8(text) ? nullptr : "holds text that is not UTF-8";
  }
  if (value.is_number_unsigned()) {
    const bool fits = value.get<std::uint64_t>() <= std::numeric_limits<std::int64_t>::max();
    return fits ? nullptr : "holds a number beyond 64 bits, which views cannot store";
  }
  if (value.is_number_float()) {
    return std::isfinite(value.get<double>()) ? nullptr : "holds a number that is not finite";
  }
  if (value.is_structured()) {
    for (const auto& [name, inner] : value.items()) {
      if (value.is_object() && name.find('\0') != std::string::npos)
        return "holds a NUL character, which views cannot store";
      if (const char* problem = problem_of(inner)) return problem;
    }
  }
  return nullptr;
}

}  // namespace

std::string encode_cursor(const view_table& table, const view_query& query,
                          const view_cursor& last) {
  return encode_base64url(json{shape_of(table, query), last.order, last.key}.dump());
}

error foreign_cursor() {
  return {errc::invalid, "the cursor does not belong to this query; start again without 'after'"};
}

result<view_cursor> decode_cursor(const view_table& table, const view_query& query) {
  const auto foreign = foreign_cursor();
  const auto text = decode_base64url(query.after);
  if (!text) return foreign;
  auto parts = parse_json(*text);
  if (!parts || !parts->is_array() || parts->size() != 3 || !(*parts)[2].is_string())
    return foreign;
  if ((*parts)[0] != shape_of(table, query) || (*parts)[1].is_structured()) return foreign;
  return view_cursor{std::move((*parts)[1]), (*parts)[2].get<std::string>()};
}

result<void> check_query(const view_query& query) {
  if (query.limit >= 1 && query.limit <= 1000) return {};
  return error{errc::invalid,
               "limit is " + std::to_string(query.limit) + "; give one from 1 to 1000"};
}

result<void> check_row(const view_table& table, const json& row) {
  const auto invalid = [&](const std::string& why) {
    return error{errc::invalid, "a row of view '" + table.name + "' " + why};
  };
  if (!row.is_object()) return invalid("is not a JSON object");
  const auto key = row.find(table.key_column);
  if (key == row.end() || !key->is_string())
    return invalid("has no text in its key column '" + table.key_column + "'");
  for (const auto& [column, value] : row.items()) {
    if (const char* problem = problem_of(value))
      return invalid("is wrong in column '" + column + "': it " + problem);
  }
  return {};
}

}  // namespace troupe
