#include "runtime/node/command_message.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "runtime/core/json.hpp"

namespace troupe {
namespace {

using std::chrono::milliseconds;

/// The data has been let in by the limits of the bridge that received it, and is one level deeper
/// here.
constexpr json_limits no_deeper_than{1'000};

}  // namespace

std::string encode(const command& one, monotonic_time now) {
  const auto& context = one.context;
  json message = {{"category", one.stream.category},
                  {"id", one.stream.id},
                  {"type", one.type},
                  {"data", one.data},
                  {"commandId", context.command_id},
                  {"traceId", context.trace_id},
                  {"userId", context.user_id},
                  {"roles", context.roles},
                  {"correlationId", context.correlation_id},
                  {"causationId", context.causation_id},
                  {"traceparent", context.traceparent},
                  {"time", context.time.time_since_epoch().count()}};
  if (one.expected_version) message["expectedVersion"] = *one.expected_version;
  if (one.deadline != monotonic_time::max()) {
    const auto left = std::chrono::duration_cast<milliseconds>(one.deadline - now);
    message["millisecondsLeft"] = std::max<std::int64_t>(left.count(), 0);
  }
  return message.dump();
}

result<command_request> decode_command(const std::string& text, monotonic_time now) {
  auto parsed = parse_json(text, no_deeper_than);
  if (!parsed) return error{errc::invalid, "a forwarded command: " + parsed.error().message};
  auto& message = *parsed;
  try {
    command_request made;
    message.at("category").get_to(made.category);
    message.at("id").get_to(made.id);
    message.at("type").get_to(made.type);
    made.data = std::move(message.at("data"));
    auto& context = made.context;
    message.at("commandId").get_to(context.command_id);
    message.at("traceId").get_to(context.trace_id);
    message.at("userId").get_to(context.user_id);
    message.at("roles").get_to(context.roles);
    message.at("correlationId").get_to(context.correlation_id);
    message.at("causationId").get_to(context.causation_id);
    message.at("traceparent").get_to(context.traceparent);
    context.time = timestamp(milliseconds(message.at("time").get<std::int64_t>()));
    made.id_given = true;
    if (const auto version = message.find("expectedVersion"); version != message.end())
      made.expected_version = version->get<version_t>();
    if (const auto left = message.find("millisecondsLeft"); left != message.end())
      made.deadline = now + milliseconds(left->get<std::uint32_t>());
    return made;
  } catch (const json::exception& problem) {
    return error{errc::invalid, std::string("a forwarded command: ") + problem.what()};
  }
}

}  // namespace troupe
