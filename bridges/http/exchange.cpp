#include "bridges/http/exchange.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <utility>

#include "bridges/http/media_type.hpp"

namespace troupe::http {

const std::string& request::parameter(std::string_view name) const {
  for (const auto& [known, value] : parameters) {
    if (known == name) return value;
  }
  throw std::logic_error("the route has no parameter " + std::string(name));
}

result<const std::string*> request::query(std::string_view name) const {
  const std::string* found = nullptr;
  for (const auto& [known, value] : where.query) {
    if (known != name) continue;
    if (found != nullptr) {
      return error{errc::invalid, "query parameter '" + std::string(name) + "' appears twice"};
    }
    found = &value;
  }
  return found;
}

result<std::uint64_t> request::number(std::string_view name, std::uint64_t fallback,
                                      std::uint64_t least, std::uint64_t most) const {
  auto text = query(name);
  if (!text) return std::move(text).error();
  if (*text == nullptr) return fallback;
  const auto value = parse_number(**text, most);
  if (value && *value >= least) return *value;
  return error{errc::invalid, "query parameter '" + std::string(name) +
                                  "' must be a whole number from " + std::to_string(least) +
                                  " to " + std::to_string(most)};
}

std::string text_of(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

reply json_reply(const json& body, int status) {
  reply answer;
  answer.status = status;
  answer.body = text_of(body);
  return answer;
}

reply to_reply(const http_response& response) {
  return {response.status, text_of(response.body), response.content_type, response.headers};
}

reply problem_reply(int status, std::string code, std::string detail,
                    const std::vector<field_error>& fields) {
  auto response = problem(status, std::move(code), std::move(detail), fields);
  if (status == 408) response.body["title"] = "Request Timeout";
  if (status == 414) response.body["title"] = "URI Too Long";
  return to_reply(response);
}

reply error_reply(const error& failure) {
  const auto status = [&] {
    switch (failure.code) {
      case errc::invalid:
        return 400;
      case errc::forbidden:
        return 403;
      case errc::not_found:
        return 404;
      case errc::conflict:
      case errc::duplicate:
        return 409;
      case errc::unavailable:
      case errc::in_doubt:
        return 503;
      case errc::corrupt:
      case errc::unsupported:
      case errc::internal:
        return 500;
    }
    return 500;
  }();
  auto answer = problem_reply(
      status, failure.code == errc::in_doubt ? "outcome-unknown" : to_string(failure.code),
      failure.message);
  if (status == 503) answer.headers.emplace_back("Retry-After", "1");
  return answer;
}

bool wants_event_stream(const request& received) {
  return std::ranges::any_of(received.head.fields, [](const header_field& field) {
    return field.name == "accept" && wants_event_stream(field.value);
  });
}

reply event_stream(std::function<void(live_stream&)> send) {
  reply answer;
  answer.content_type = "text/event-stream";
  // The last one keeps a proxy from collecting what should be sent on at once.
  answer.headers = {{"Cache-Control", "no-store"}, {"Vary", "Accept"}, {"X-Accel-Buffering", "no"}};
  answer.stream = std::move(send);
  return answer;
}

result<std::uint64_t> parse_number(std::string_view text, std::uint64_t most) {
  const bool digits = !text.empty() && text.size() <= 20 &&
                      std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (!digits) return error{errc::invalid, "not a whole number"};
  std::uint64_t value = 0;
  for (const char c : text) {
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (std::numeric_limits<std::uint64_t>::max() - digit) / 10) {
      return error{errc::invalid, "too large a number"};
    }
    value = value * 10 + digit;
  }
  if (value > most) return error{errc::invalid, "too large a number"};
  return value;
}

}  // namespace troupe::http
