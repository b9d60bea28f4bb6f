#include "runtime/core/traceparent.hpp"

#include <algorithm>
#include <cstddef>

#include "runtime/core/ids.hpp"

namespace troupe {
namespace {

constexpr std::size_t trace_id_size = 32;

bool is_hex(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_zero(std::string_view text) {
  return text.find_first_not_of('0') == std::string_view::npos;
}

std::string without_dashes(std::string text) {
  std::erase(text, '-');
  return text;
}

}  // namespace

std::optional<trace_place> parse_traceparent(std::string_view text) {
  constexpr std::size_t size = 55;  // version-traceid-parentid-flags: 2, 32, 16 and 2 digits.
  if (text.size() < size) return {};
  const auto version = text.substr(0, 2);
  const auto trace_id = text.substr(3, trace_id_size);
  const auto parent_id = text.substr(36, 16);
  const auto flags = text.substr(53, 2);
  if (text[2] != '-' || text[35] != '-' || text[52] != '-') return {};
  if (!is_hex(version) || !is_hex(trace_id) || !is_hex(parent_id) || !is_hex(flags)) return {};
  if (version == "ff" || is_zero(trace_id) || is_zero(parent_id)) return {};
  // Later versions may add members behind another dash; version 00 may not.
  if (text.size() > size && (version == "00" || text[size] != '-')) return {};
  // The lowest bit of the flags: an odd digit.
  const bool sampled = std::string_view("13579bdf").find(flags[1]) != std::string_view::npos;
  return trace_place{std::string(trace_id), std::string(parent_id), sampled};
}

std::string to_traceparent(const trace_place& place) {
  return "00-" + place.trace_id + '-' + place.span_id + (place.sampled ? "-01" : "-00");
}

std::string w3c_trace_id(const std::string& trace_id) {
  auto id = without_dashes(trace_id);
  if (id.size() == trace_id_size && is_hex(id) && !is_zero(id)) return id;
  return without_dashes(derive_id("trace", trace_id));
}

}  // namespace troupe
