#include "bridges/http/surroundings.hpp"

#include <algorithm>
#include <limits>

#include "runtime/node/guarded_application.hpp"
#include "runtime/node/limits.hpp"

namespace troupe::http {

std::shared_ptr<application> surroundings::app_for(const request& received) {
  if (received.who) return std::make_shared<guarded_application>(app, policy, *received.who);
  return {std::shared_ptr<void>(), &app};  // No rules where nobody has to say who they are.
}

result<caller> surroundings::caller_of(const request& received) const {
  if (received.who) return *received.who;
  if (!options.debug_sub || !received.from_this_machine) return caller();
  const auto given = received.head.find("x-debug-sub");
  if (!given) return caller();
  const bool printable = given->size() <= 255 &&
                         std::ranges::all_of(*given, [](char c) { return c >= 0x20 && c < 0x7f; });
  if (printable) return caller{std::string(*given), {}};
  return error{errc::invalid, "X-Debug-Sub must be at most 255 printable ASCII characters"};
}

result<json> surroundings::body_of(const request& received) const {
  auto parsed = parse_json(received.body, {options.max_depth});
  if (parsed) return parsed;
  if (is_too_deep(parsed.error())) limit_counter(model.metrics(), "max-json-depth").increment();
  const auto& why = parsed.error().message;
  return error{errc::invalid, "the body is " + (why.starts_with("not ") ? why : "refused: " + why)};
}

result<std::size_t> surroundings::page_of(const request& received) const {
  const auto limit =
      received.number("limit", std::min<std::uint64_t>(100, options.max_page), 1, options.max_page);
  if (limit) return static_cast<std::size_t>(*limit);
  const auto asked = received.query("limit");
  const bool beyond = asked && *asked != nullptr && !(*asked)->empty() &&
                      (*asked)->find_first_not_of("0123456789") == std::string::npos &&
                      (*asked)->find_first_not_of('0') != std::string::npos;
  if (beyond) limit_counter(model.metrics(), "max-page").increment();
  return limit.error();
}

command_context surroundings::context_of(const request& received, const caller& who) const {
  command_context context;
  context.command_id = model.ids().next();
  context.trace_id = received.trace.trace_id;
  context.correlation_id = received.trace.trace_id;
  context.traceparent = received.trace.traceparent;
  context.user_id = who.subject;
  context.roles = who.roles;
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

bool prefers_async(const request& received) {
  constexpr std::string_view wanted = "respond-async";
  const auto same = [](char left, char right) {
    return left == (right >= 'A' && right <= 'Z' ? static_cast<char>(right | 0x20) : right);
  };
  for (const auto& [name, list] : received.head.fields) {
    if (name != "prefer") continue;
    for (auto rest = list; !rest.empty();) {
      auto one = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(one.size() + 1, rest.size()));
      one = one.substr(0, one.find(';'));
      one.remove_prefix(std::min(one.find_first_not_of(" \t"), one.size()));
      one = one.substr(0, one.find_last_not_of(" \t") + 1);
      if (std::ranges::equal(wanted, one, same)) return true;
    }
  }
  return false;
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
