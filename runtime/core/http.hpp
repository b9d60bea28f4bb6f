#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/core/caller.hpp"
#include "runtime/core/command.hpp"
#include "runtime/core/json.hpp"

namespace troupe {

class application;

/// A request as a feature's route sees it: parsed, bounded and authenticated by the bridge.
struct http_request {
  std::string method;
  std::string path;
  std::map<std::string, std::string> parameters;  ///< From the route's pattern.
  std::multimap<std::string, std::string> query;  ///< Decoded.
  std::map<std::string, std::string> headers;     ///< Names in lower case.
  json body;                                      ///< null when the request has none.
  troupe::caller caller;                          ///< Authenticated, where the node demands that.
  command_context context;        ///< Fresh ids and time for a command made from this request.
  bool command_id_given = false;  ///< `context.command_id` came from Idempotency-Key.
  monotonic_time deadline = monotonic_time::max();
};

/// Every reply has a JSON body.
struct http_response {
  int status = 200;
  json body = json::object();
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
};

/// A problem-details reply: `title, status, detail, code, error` and, for invalid data, `fields`.
/// Long texts are cut, and of many fields the first hundred are told.
http_response problem(int status, std::string code, std::string detail,
                      const std::vector<field_error>& fields = {});

/// The reply for what became of a command: 200 with its place in the log, or the fitting problem.
http_response reply_for(const command_outcome& outcome);

/// An endpoint that a feature brings along. The pattern has literal segments and `{name}`
/// parameters: "/v1/users/me".
struct route {
  std::string method;
  std::string pattern;
  std::function<http_response(const http_request&, application&)> handle;
  std::string summary;  ///< One line for the API description.
};

}  // namespace troupe
