#include "bridges/http/command_reply.hpp"

#include <utility>

#include "bridges/http/target.hpp"

namespace troupe::http {
namespace {

/// Appends a JSON string. What needs escaping is rare here, so that goes the long way.
void append_string(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c < 0x20 || c > 0x7e || c == '"' || c == '\\') {
      out += text_of(json(text));
      return;
    }
  }
  out += '"';
  out += text;
  out += '"';
}

}  // namespace

reply command_reply(const command_outcome& outcome) {
  if (outcome.status != outcome_status::accepted) return to_reply(reply_for(outcome));
  const auto version = std::to_string(outcome.version);
  auto position = outcome.stream.category + ':' + std::to_string(outcome.position);
  reply answer;
  auto& out = answer.body;
  out.reserve(256 + outcome.events.size() * 128);
  out += R"({"commandId":)";
  append_string(out, outcome.command_id);
  out += R"(,"events":[)";
  bool first = true;
  for (const auto& event : outcome.events) {
    if (!first) out += ',';
    first = false;
    out += R"({"id":)";
    append_string(out, event.id);
    out += R"(,"type":)";
    append_string(out, event.type);
    out += R"(,"version":)";
    out += std::to_string(event.version);
    out += '}';
  }
  out += R"(],"id":)";
  append_string(out, outcome.stream.id);
  out += R"(,"position":)";
  append_string(out, position);
  out += R"(,"stream":)";
  append_string(out, outcome.stream.name());
  out += R"(,"version":)";
  out += version;
  out += '}';
  answer.headers = {{"ETag", '"' + version + '"'}, {"X-Position", std::move(position)}};
  return answer;
}

http_response taken_in(const std::string& command_id) {
  auto place = "/v1/commands/" + percent_encode(command_id);
  http_response answer;
  answer.status = 202;
  answer.body = {{"commandId", command_id}, {"status", "pending"}, {"location", place}};
  answer.headers = {{"Location", std::move(place)}, {"Preference-Applied", "respond-async"}};
  return answer;
}

json command_status(const command_outcome& outcome) {
  auto told = reply_for(outcome).body;
  if (outcome.status == outcome_status::accepted) {
    told["status"] = "accepted";
    return told;
  }
  json status = {{"commandId", outcome.command_id},
                 {"status", outcome.status == outcome_status::failed ? "parked" : "rejected"}};
  for (const auto* member : {"code", "detail", "fields"}) {
    if (const auto found = told.find(member); found != told.end()) status[member] = *found;
  }
  if (!outcome.stream.id.empty()) {
    status["id"] = outcome.stream.id;
    status["stream"] = outcome.stream.name();
  }
  return status;
}

}  // namespace troupe::http
