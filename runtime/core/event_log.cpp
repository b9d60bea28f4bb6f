#include "runtime/core/event_log.hpp"

namespace troupe {

namespace {

/// What `to_json(event).dump()` gives, without copying the event first.
void append_text(std::string& out, const envelope& event) {
  out += R"({"data":)";
  out += event.data.dump();
  out += R"(,"id":)";
  out += json(event.id).dump();
  out += R"(,"metadata":)";
  out += event.metadata.dump();
  out += R"(,"type":)";
  out += json(event.type).dump();
  out += '}';
}

}  // namespace

error already_known(const std::string& command_id) {
  return {errc::duplicate, "command " + command_id + " is already in the log"};
}

std::vector<append_result> all_failed(std::size_t count, const error& why) {
  return std::vector<append_result>(count, append_result{{}, why});
}

std::string encode_body(std::span<const envelope> events) {
  std::string out;
  if (events.size() == 1) {
    append_text(out, events.front());
    return out;
  }
  out += '[';
  for (const auto& event : events) {
    if (out.size() > 1) out += ',';
    append_text(out, event);
  }
  out += ']';
  return out;
}

result<std::vector<recorded_event>> decode(const recorded_commit& recorded) {
  const auto corrupt = [&](const std::string& why) {
    return error{errc::corrupt, "commit at position " + std::to_string(recorded.position) +
                                    " of stream " + recorded.data.stream.name() + ": " + why};
  };
  auto body = parse_json(recorded.data.body);
  if (!body) return corrupt(body.error().message);
  const bool several = body->is_array();
  const std::size_t count = several ? body->size() : 1;
  if (count != recorded.data.event_count) {
    return corrupt("holds " + std::to_string(count) + " events, " +
                   std::to_string(recorded.data.event_count) + " expected");
  }
  std::vector<recorded_event> events;
  events.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    auto event = envelope_from_json(std::move(several ? (*body)[i] : *body));
    if (!event) return corrupt("event " + std::to_string(i + 1) + ": " + event.error().message);
    events.push_back({std::move(*event), recorded.data.stream, recorded.data.first_version + i,
                      recorded.position});
  }
  return events;
}

result<load_start> event_log::start_load(const stream_id& stream, std::size_t limit) {
  load_start begun;
  if (auto saved = load_snapshot(stream)) begun.saved = std::move(*saved);
  auto commits = read_stream(stream, begun.saved ? begun.saved->version : 1, limit);
  if (!commits) return std::move(commits).error();
  begun.commits = std::move(*commits);
  return begun;
}

}  // namespace troupe
