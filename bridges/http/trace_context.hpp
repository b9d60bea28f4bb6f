#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace troupe::http {

/// Which conversation a request belongs to.
struct trace_context {
  std::string trace_id;     ///< 32 lower-case hexadecimal digits.
  std::string traceparent;  ///< As received; "" when absent or not valid.
};

/// The trace id of a valid W3C `traceparent` (Trace Context, level 1, section 3.2), versions 00 to
/// fe.
std::optional<std::string_view> trace_id_of(std::string_view traceparent);

}  // namespace troupe::http
