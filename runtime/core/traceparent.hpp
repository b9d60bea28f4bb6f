#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// A place in a trace, as the header `traceparent` names it (W3C Trace Context, level 1).
struct trace_place {
  std::string trace_id;  ///< 32 lower-case hexadecimal digits, not all of them 0.
  std::string span_id;   ///< 16 of them.
  bool sampled = false;  ///< Whoever was there before records it.

  friend bool operator==(const trace_place&, const trace_place&) = default;
};

/// Reads a `traceparent` (section 3.2), versions 00 to fe; nothing unless it is valid.
std::optional<trace_place> parse_traceparent(std::string_view text);

/// "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
std::string to_traceparent(const trace_place& place);

/// The trace of a request that brought no `traceparent`: its trace id, if that is a UUID or has the
/// right form already, else one that is derived from it, always the same.
std::string w3c_trace_id(const std::string& trace_id);

}  // namespace troupe
