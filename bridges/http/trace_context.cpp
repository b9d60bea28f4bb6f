#include "bridges/http/trace_context.hpp"

#include <algorithm>
#include <cstddef>

namespace troupe::http {
namespace {

bool is_hex(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_zero(std::string_view text) {
  return text.find_first_not_of('0') == std::string_view::npos;
}

}  // namespace

std::optional<std::string_view> trace_id_of(std::string_view traceparent) {
  constexpr std::size_t size = 55;  // version-traceid-parentid-flags: 2, 32, 16 and 2 digits.
  if (traceparent.size() < size) return {};
  const auto version = traceparent.substr(0, 2);
  const auto trace_id = traceparent.substr(3, 32);
  const auto parent_id = traceparent.substr(36, 16);
  const auto flags = traceparent.substr(53, 2);
  if (traceparent[2] != '-' || traceparent[35] != '-' || traceparent[52] != '-') return {};
  if (!is_hex(version) || !is_hex(trace_id) || !is_hex(parent_id) || !is_hex(flags)) return {};
  if (version == "ff" || is_zero(trace_id) || is_zero(parent_id)) return {};
  // Later versions may add members behind another dash; version 00 may not.
  if (traceparent.size() > size && (version == "00" || traceparent[size] != '-')) return {};
  return trace_id;
}

}  // namespace troupe::http
