#include "runtime/core/command.hpp"

#include <array>
#include <utility>

namespace troupe {
namespace {

constexpr std::array<std::pair<outcome_status, const char*>, 12> status_names{{
    {outcome_status::accepted, "accepted"},
    {outcome_status::rejected, "rejected"},
    {outcome_status::invalid, "invalid"},
    {outcome_status::forbidden, "forbidden"},
    {outcome_status::not_found, "not-found"},
    {outcome_status::version_mismatch, "version-mismatch"},
    {outcome_status::id_reused, "id-reused"},
    {outcome_status::conflict, "conflict"},
    {outcome_status::overloaded, "overloaded"},
    {outcome_status::unavailable, "unavailable"},
    {outcome_status::failed, "failed"},
    {outcome_status::in_doubt, "in-doubt"},
}};

}  // namespace

std::uint64_t command::digest() const {
  // The parts cannot run into each other: neither a stream's name nor a type holds a line feed.
  return digest_of(stream.name() + '\n' + type + '\n' + data.dump());
}

const char* to_string(outcome_status status) noexcept {
  for (const auto& [value, name] : status_names) {
    if (value == status) return name;
  }
  return "in-doubt";
}

json to_json(const command_outcome& outcome) {
  json events = json::array();
  for (const auto& event : outcome.events) {
    events.push_back({{"id", event.id}, {"type", event.type}, {"version", event.version}});
  }
  json fields = json::array();
  for (const auto& field : outcome.fields)
    fields.push_back({{"path", field.path}, {"message", field.message}});
  return {{"status", to_string(outcome.status)},
          {"stream", outcome.stream.name()},
          {"commandId", outcome.command_id},
          {"version", outcome.version},
          {"position", outcome.position},
          {"events", std::move(events)},
          {"code", outcome.code},
          {"detail", outcome.detail},
          {"fields", std::move(fields)},
          {"retryAfter", outcome.retry_after}};
}

result<command_outcome> outcome_from_json(const json& value) {
  try {
    command_outcome outcome;
    const auto status = value.at("status").get<std::string>();
    bool known = false;
    for (const auto& [candidate, name] : status_names) {
      if (status == name) {
        outcome.status = candidate;
        known = true;
      }
    }
    if (!known) return error{errc::corrupt, "kept outcome has the unknown status '" + status + "'"};
    auto stream = parse_stream_name(value.at("stream").get<std::string>());
    if (!stream) return error{errc::corrupt, "kept outcome: " + stream.error().message};
    outcome.stream = std::move(*stream);
    outcome.command_id = value.at("commandId").get<std::string>();
    outcome.version = value.at("version").get<version_t>();
    outcome.position = value.at("position").get<position_t>();
    for (const auto& event : value.at("events")) {
      outcome.events.push_back({event.at("id").get<std::string>(),
                                event.at("type").get<std::string>(),
                                event.at("version").get<version_t>()});
    }
    outcome.code = value.at("code").get<std::string>();
    outcome.detail = value.at("detail").get<std::string>();
    for (const auto& field : value.at("fields")) {
      outcome.fields.push_back(
          {field.at("path").get<std::string>(), field.at("message").get<std::string>()});
    }
    outcome.retry_after = value.at("retryAfter").get<int>();
    return outcome;
  } catch (const json::exception& problem) {
    return error{errc::corrupt, std::string("kept outcome: ") + problem.what()};
  }
}

}  // namespace troupe
