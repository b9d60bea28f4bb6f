#include "runtime/core/http.hpp"

#include <algorithm>
#include <span>

namespace troupe {
namespace {

/// Problems quote what was wrong; how long that is, is not the caller's to choose.
constexpr std::size_t max_text = 300;
constexpr std::size_t max_fields = 100;

std::string shortened(std::string text) {
  if (text.size() <= max_text) return text;
  std::size_t end = max_text;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  text.resize(end);
  return text + "…";
}

const char* title_of(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    default:
      return "Internal Server Error";
  }
}

int http_status(outcome_status status) {
  switch (status) {
    case outcome_status::accepted:
      return 200;
    case outcome_status::rejected:
      return 409;
    case outcome_status::invalid:
      return 400;
    case outcome_status::forbidden:
      return 403;
    case outcome_status::not_found:
      return 404;
    case outcome_status::version_mismatch:
      return 412;
    case outcome_status::id_reused:
      return 422;
    case outcome_status::conflict:
    case outcome_status::overloaded:
    case outcome_status::unavailable:
    case outcome_status::in_doubt:
      return 503;
    case outcome_status::failed:
      return 500;
  }
  return 500;
}

http_response accepted(const command_outcome& outcome) {
  json events = json::array();
  for (const auto& event : outcome.events) {
    events.push_back({{"id", event.id}, {"type", event.type}, {"version", event.version}});
  }
  const auto position = outcome.stream.category + ':' + std::to_string(outcome.position);
  http_response response;
  response.body = {{"id", outcome.stream.id},         {"stream", outcome.stream.name()},
                   {"version", outcome.version},      {"position", position},
                   {"commandId", outcome.command_id}, {"events", std::move(events)}};
  response.headers = {{"ETag", '"' + std::to_string(outcome.version) + '"'},
                      {"X-Position", position}};
  return response;
}

}  // namespace

http_response problem(int status, std::string code, std::string detail,
                      const std::vector<field_error>& fields) {
  detail = shortened(std::move(detail));
  http_response response;
  response.status = status;
  response.content_type = "application/problem+json";
  response.body = {{"title", title_of(status)},
                   {"status", status},
                   {"detail", detail},
                   {"code", std::move(code)},
                   {"error", std::move(detail)}};
  if (!fields.empty()) {
    auto& listed = response.body["fields"] = json::array();
    for (const auto& field : std::span(fields).first(std::min(fields.size(), max_fields))) {
      listed.push_back({{"path", shortened(field.path)}, {"message", shortened(field.message)}});
    }
  }
  return response;
}

http_response reply_for(const command_outcome& outcome) {
  if (outcome.status == outcome_status::accepted) return accepted(outcome);
  // The contract's name for the case in which the log could not be read to find out.
  const std::string fallback =
      outcome.status == outcome_status::in_doubt ? "outcome-unknown" : to_string(outcome.status);
  auto response =
      problem(http_status(outcome.status), outcome.code.empty() ? fallback : outcome.code,
              outcome.detail, outcome.fields);
  if (!outcome.command_id.empty()) response.body["commandId"] = outcome.command_id;
  if (response.status == 503) {
    response.headers.emplace_back("Retry-After", std::to_string(std::max(outcome.retry_after, 1)));
  }
  if (outcome.status == outcome_status::version_mismatch) {
    response.headers.emplace_back("ETag", '"' + std::to_string(outcome.version) + '"');
  }
  return response;
}

}  // namespace troupe
