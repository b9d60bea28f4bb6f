#include "runtime/core/ids.hpp"

#include <algorithm>

#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/string_generator.hpp>
#include <boost/uuid/uuid_io.hpp>

namespace troupe {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_id_char(char c) {
  return is_lower(c) || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' || c == '_';
}

/// Names the offending text in an error without letting control characters or its length through.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (char c : text.substr(0, 64)) out += (c >= 0x20 && c < 0x7f && c != '\'') ? c : '?';
  if (text.size() > 64) out += "…";
  return out + "'";
}

}  // namespace

result<void> check_category(std::string_view text) {
  const bool fits = !text.empty() && text.size() <= 64 && is_lower(text.front()) &&
                    std::ranges::all_of(text, [](char c) {
                      return is_lower(c) || is_digit(c) || c == '-' || c == '_';
                    });
  if (fits) return {};
  return error{errc::invalid, "category " + quoted(text) +
                                  " must be a lower-case letter and up to 63 of [a-z0-9_-]"};
}

result<void> check_entity_id(std::string_view text) {
  if (text == "command")
    return error{errc::invalid, "entity id 'command' is reserved; choose another"};
  if (!text.empty() && text.size() <= 128 && std::ranges::all_of(text, is_id_char)) return {};
  return error{errc::invalid, "entity id " + quoted(text) + " must be 1 to 128 of [A-Za-z0-9_-]"};
}

result<void> check_command_id(std::string_view text) {
  const auto printable = [](char c) { return c > 0x20 && c < 0x7f; };
  if (!text.empty() && text.size() <= 128 && std::ranges::all_of(text, printable)) return {};
  return error{errc::invalid, "command id " + quoted(text) +
                                  " must be 1 to 128 printable ASCII characters without spaces"};
}

result<stream_id> parse_stream_name(std::string_view text) {
  const auto dot = text.find('.');
  if (dot == std::string_view::npos) {
    return error{errc::invalid, "stream " + quoted(text) + " must have the form category.id"};
  }
  const auto category = text.substr(0, dot);
  const auto id = text.substr(dot + 1);
  if (auto checked = check_category(category); !checked) return checked.error();
  if (auto checked = check_entity_id(id); !checked) return checked.error();
  return stream_id{std::string(category), std::string(id)};
}

std::string derive_id(std::string_view scope, std::string_view name) {
  static const auto project =
      boost::uuids::string_generator()("6f6e0a3e-9c5d-4b5c-8a51-7f3b1f0c2d11");
  const auto scoped = boost::uuids::name_generator_sha1(project)(scope.data(), scope.size());
  return to_string(boost::uuids::name_generator_sha1(scoped)(name.data(), name.size()));
}

std::uint64_t digest_of(std::string_view text) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3ULL;
  }
  return hash;
}

}  // namespace troupe
