#include "bridges/http/surroundings.hpp"

#include <algorithm>
#include <limits>

namespace troupe::http {

result<std::string> surroundings::caller_of(const request& received) const {
  if (!options.debug_sub || !received.from_this_machine) return std::string();
  const auto given = received.head.find("x-debug-sub");
  if (!given) return std::string();
  const bool printable = given->size() <= 255 &&
                         std::ranges::all_of(*given, [](char c) { return c >= 0x20 && c < 0x7f; });
  if (printable) return std::string(*given);
  return error{errc::invalid, "X-Debug-Sub must be at most 255 printable ASCII characters"};
}

command_context surroundings::context_of(const request& received, std::string caller) const {
  command_context context;
  context.command_id = model.ids().next();
  context.trace_id = received.trace.trace_id;
  context.correlation_id = received.trace.trace_id;
  context.traceparent = received.trace.traceparent;
  context.user_id = std::move(caller);
  context.time = model.time().now();
  return context;
}

result<std::optional<std::string>> idempotency_key_of(const request& received) {
  const auto key = received.head.find("idempotency-key");
  if (!key) return std::optional<std::string>();
  if (auto checked = check_command_id(*key); !checked) {
    return error{errc::invalid, "Idempotency-Key: " + checked.error().message};
  }
  return std::optional<std::string>(*key);
}

result<std::optional<version_t>> expected_version_of(const request& received) {
  const auto tag = received.head.find("if-match");
  if (!tag) return std::optional<version_t>();
  if (tag->size() > 2 && tag->starts_with('"') && tag->ends_with('"')) {
    const auto version =
        parse_number(tag->substr(1, tag->size() - 2), std::numeric_limits<std::int64_t>::max());
    if (version) return std::optional<version_t>(*version);
  }
  return error{errc::invalid, "If-Match must be the entity's version in quotes, such as \"3\""};
}

}  // namespace troupe::http
