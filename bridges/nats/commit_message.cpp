#include "bridges/nats/commit_message.hpp"

#include <algorithm>
#include <utility>

namespace troupe::nats {
namespace {

constexpr const char* message_id = "Nats-Msg-Id";
/// A client may publish a durable command under its own id, into the same stream: the commit must
/// not be taken for a repeat of that. Nor must an attempt be taken for a repeat of an earlier one:
/// with several replicas the broker also remembers the id of a message that it then refused for its
/// expected sequence.
std::string message_id_of(const commit& stored, position_t previous) {
  return "commit:" + stored.command_id + ':' + std::to_string(previous);
}

constexpr const char* command_header = "Troupe-Command-Id";
constexpr const char* version_header = "Troupe-Version";
constexpr const char* events_header = "Troupe-Events";
constexpr const char* digest_header = "Troupe-Digest";
constexpr const char* time_header = "Troupe-Time";
constexpr const char* previous_header = "Troupe-Previous-Sequence";
constexpr const char* trace_header = "traceparent";

constexpr std::size_t longest_category = 64;

/// The trace context in the first event's metadata; "" without one.
std::string traceparent_of(const std::string& body) {
  // Most commits have none, and are spared the parsing.
  if (body.find("\"traceparent\"") == std::string::npos) return "";
  const auto parsed = json::parse(body, nullptr, false);
  const auto& first = parsed.is_array() && !parsed.empty() ? parsed.front() : parsed;
  if (!first.is_object()) return "";
  const auto metadata = first.find("metadata");
  if (metadata == first.end() || !metadata->is_object()) return "";
  const auto found = metadata->find("traceparent");
  if (found == metadata->end() || !found->is_string()) return "";
  auto text = found->get<std::string>();
  const bool printable = std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
  return printable ? text : "";
}

bool is_token(std::string_view text, std::size_t longest) {
  return !text.empty() && text.size() <= longest && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

}  // namespace

outgoing to_message(const names& called, const commit& stored, position_t previous) {
  outgoing made{called.events(stored.stream),
                stored.body,
                {{message_id, message_id_of(stored, previous)},
                 {command_header, stored.command_id},
                 {version_header, std::to_string(stored.first_version)},
                 {events_header, std::to_string(stored.event_count)},
                 {digest_header, std::to_string(stored.digest)},
                 {time_header, format_time(stored.time)},
                 {previous_header, std::to_string(previous)}}};
  if (auto trace = traceparent_of(stored.body); !trace.empty()) {
    made.headers.emplace_back(trace_header, std::move(trace));
  }
  return made;
}

void forget_message_id(outgoing& sent) {
  std::erase_if(sent.headers, [](const auto& header) { return header.first == message_id; });
}

read_commit from_message(const stored_message& stored, const std::string& category,
                         std::string entity) {
  read_commit read;
  const auto& message = *stored.message;
  auto& data = read.recorded.data;
  read.recorded.position = stored.sequence;
  data.stream = {category, std::move(entity)};
  data.body = body_of(message);
  data.command_id = header_of(message, command_header).value_or("");
  data.digest = number_of(message, digest_header).value_or(0);
  const auto version = number_of(message, version_header);
  const auto events = number_of(message, events_header);
  const auto previous = number_of(message, previous_header);
  const auto time = header_of(message, time_header);
  const auto parsed_time = time ? parse_time(*time) : result<timestamp>(timestamp{});
  data.first_version = version.value_or(0);
  data.event_count = static_cast<std::uint32_t>(events.value_or(1));
  if (parsed_time) data.time = *parsed_time;
  read.previous = previous.value_or(0);
  const bool counted = events && *events > 0 && *events == data.event_count;
  read.whole = version && *version > 0 && counted && previous && time && parsed_time;
  return read;
}

result<void> check_stream(const stream_id& stream) {
  if (!is_token(stream.category, longest_category)) {
    return error{errc::invalid, "a category must be 1 to 64 of [A-Za-z0-9_-]"};
  }
  return check_entity_id(stream.id);
}

result<void> check_names(const commit& wanted) {
  if (auto checked = check_stream(wanted.stream); !checked) return checked;
  if (wanted.event_count == 0 || wanted.first_version == 0) {
    return error{errc::invalid,
                 "a commit for " + wanted.stream.name() + " needs an event and a version"};
  }
  return check_command_id(wanted.command_id);
}

}  // namespace troupe::nats
