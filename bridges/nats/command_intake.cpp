#include "bridges/nats/command_intake.hpp"

#include <utility>

#include "runtime/core/traceparent.hpp"

namespace troupe::nats {
namespace {

command_outcome refusal(const std::string& category, const std::string& entity,
                        const std::string& command_id, const error& why) {
  command_outcome outcome;
  outcome.status = outcome_status::invalid;
  outcome.stream = {category, entity};
  outcome.command_id = command_id;
  outcome.code = "malformed";
  outcome.detail = why.message;
  return outcome;
}

/// Text in the metadata, if there is some that may be an id.
void take_id(const json& metadata, const char* member, std::string& into) {
  const auto found = metadata.find(member);
  if (found == metadata.end() || !found->is_string()) return;
  const auto& text = found->get_ref<const std::string&>();
  if (check_command_id(text)) into = text;
}

/// Its trace is the command's, unless the command names another.
void take_traceparent(std::string_view text, command_context& into) {
  auto place = parse_traceparent(text);
  if (!place) return;
  into.trace_id = std::move(place->trace_id);
  into.traceparent = text;
}

}  // namespace

command_request command_intake::request(const std::string& category, const std::string& entity,
                                        std::string_view traceparent) const {
  command_request made;
  made.category = category;
  made.id = entity;
  made.context.trace_id = ids_.next();
  take_traceparent(traceparent, made.context);
  made.context.time = clock_.now();
  made.deadline = clock_.monotonic() + options_.deadline;
  return made;
}

intake command_intake::from_envelope(const std::string& category, const std::string& entity,
                                     std::string_view body, std::string_view traceparent) const {
  auto parsed = parse_json(body, options_.limits);
  if (!parsed) return refusal(category, entity, "", parsed.error());
  auto message = envelope_from_json(*parsed);
  if (!message) return refusal(category, entity, "", message.error());
  if (auto checked = check_command_id(message->id); !checked) {
    return refusal(category, entity, "", checked.error());
  }
  const auto& metadata = message->metadata;
  auto made = request(category, entity, traceparent);
  made.context.command_id = std::move(message->id);
  made.id_given = true;
  if (const auto own = metadata.find("traceparent"); own != metadata.end() && own->is_string())
    take_traceparent(own->get_ref<const std::string&>(), made.context);
  take_id(metadata, "traceId", made.context.trace_id);
  made.context.correlation_id = made.context.trace_id;
  take_id(metadata, "correlationId", made.context.correlation_id);
  take_id(metadata, "causationId", made.context.causation_id);
  take_id(metadata, "userId", made.context.user_id);
  made.type = std::move(message->type);
  made.data = std::move(message->data);
  return made;
}

intake command_intake::from_data(const std::string& category, const std::string& entity,
                                 const std::string& type, const std::string& command_id,
                                 std::string_view body, std::string_view traceparent) const {
  auto made = request(category, entity, traceparent);
  made.id_given = !command_id.empty();
  made.context.command_id = made.id_given ? command_id : ids_.next();
  made.context.correlation_id = made.context.trace_id;
  made.type = type;
  auto data = parse_json(body.empty() ? "{}" : body, options_.limits);
  if (!data) return refusal(category, entity, made.context.command_id, data.error());
  if (!data->is_object()) {
    return refusal(category, entity, made.context.command_id,
                   {errc::invalid, "the body must be a JSON object with the command's data"});
  }
  made.data = std::move(*data);
  return made;
}

std::string to_message(const command_outcome& outcome) {
  json message = {{"status", to_string(outcome.status)}, {"commandId", outcome.command_id}};
  const bool known_entity = !outcome.stream.id.empty();
  if (known_entity) message["stream"] = outcome.stream.name();
  if (outcome.status == outcome_status::accepted) {
    message["id"] = outcome.stream.id;
    message["version"] = outcome.version;
    message["position"] = outcome.stream.category + ':' + std::to_string(outcome.position);
    message["events"] = json::array();
    for (const auto& event : outcome.events) {
      message["events"].push_back(
          {{"id", event.id}, {"type", event.type}, {"version", event.version}});
    }
  } else {
    message["code"] = outcome.code.empty() ? to_string(outcome.status) : outcome.code.c_str();
    message["detail"] = outcome.detail;
    message["error"] = outcome.detail;
    if (!outcome.fields.empty()) {
      message["fields"] = json::array();
      for (const auto& field : outcome.fields)
        message["fields"].push_back({{"path", field.path}, {"message", field.message}});
    }
    if (outcome.retry_after > 0) message["retryAfter"] = outcome.retry_after;
  }
  return message.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace troupe::nats
