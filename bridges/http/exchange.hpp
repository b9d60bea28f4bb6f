#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bridges/http/request_head.hpp"
#include "bridges/http/target.hpp"
#include "runtime/core/http.hpp"

namespace troupe::http {

class connection;
class live_stream;

/// Which conversation a request belongs to.
struct trace_context {
  std::string trace_id;     ///< 32 lower-case hexadecimal digits.
  std::string traceparent;  ///< As received, or of the request's own span; "" without either.
};

using path_parameters = std::vector<std::pair<std::string, std::string>>;

/// A request as an endpoint sees it: framed and bounded. Valid until it is answered.
struct request {
  const request_head& head;
  const target& where;
  path_parameters parameters;
  std::string_view body;
  const trace_context& trace;
  bool from_this_machine = false;
  const connection* peer = nullptr;          ///< Who sends it.
  std::optional<caller> who = std::nullopt;  ///< Who asks, where they had to say so.

  /// A parameter of the route's pattern.
  [[nodiscard]] const std::string& parameter(std::string_view name) const;
  /// The value of a query parameter; null when absent. `invalid` when it appears twice.
  [[nodiscard]] result<const std::string*> query(std::string_view name) const;
  /// A whole number in the query, or `fallback`. `invalid` unless it is within the bounds.
  [[nodiscard]] result<std::uint64_t> number(std::string_view name, std::uint64_t fallback,
                                             std::uint64_t least, std::uint64_t most) const;
};

struct reply;

/// Takes an answer that comes later: once, on any thread; does not block.
using answering = std::function<void(reply)>;

/// An answer, ready to be sent.
struct reply {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  /// Set when the answer goes on: sends the body, and returns when the stream has ended.
  std::function<void(live_stream&)> stream = nullptr;
  /// Set when the answer comes later, instead of all of the above: begins the work, and must not
  /// block. The request is gone by then.
  std::function<void(answering)> later = nullptr;
};

/// The text of a JSON value; bytes that are not UTF-8 are replaced, so this cannot fail.
std::string text_of(const json& value);

reply json_reply(const json& body, int status = 200);
reply to_reply(const http_response& response);

/// Problem details with the fitting title.
reply problem_reply(int status, std::string code, std::string detail,
                    const std::vector<field_error>& fields = {});

/// The fitting problem for an error of the model or the application.
reply error_reply(const error& failure);

/// Has the request asked for `text/event-stream`?
bool wants_event_stream(const request& received);

/// An answer of server-sent events.
reply event_stream(std::function<void(live_stream&)> send);

/// A decimal number without sign, at most `most`.
result<std::uint64_t> parse_number(std::string_view text, std::uint64_t most);

}  // namespace troupe::http
