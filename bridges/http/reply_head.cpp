#include "bridges/http/reply_head.hpp"

namespace troupe::http {
namespace {

/// The reason phrase; clients ignore it, people read it.
const char* reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
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
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "";
  }
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  for (const char c : value) {
    const auto code = static_cast<unsigned char>(c);
    if (code >= 0x20 && code != 0x7f) out += c;
  }
  out += "\r\n";
}

}  // namespace

bool has_body(int status) { return status != 204 && status != 304; }

std::string reply_head(const reply& answer, const std::string& trace_id, const request_head* asked,
                       bool keep_alive, const cors_policy& cors) {
  std::string out;
  out.reserve(320);
  out += "HTTP/1.1 ";
  out += std::to_string(answer.status);
  out += ' ';
  out += reason_of(answer.status);
  out += "\r\n";
  if (has_body(answer.status)) {
    append_header(out, "Content-Type", answer.content_type);
    // A stream's body ends with the connection.
    if (!answer.stream) append_header(out, "Content-Length", std::to_string(answer.body.size()));
  }
  append_header(out, "X-Trace-Id", trace_id);
  for (const auto& [name, value] : answer.headers) append_header(out, name, value);
  if (asked != nullptr) cors.append_headers(out, *asked);
  if (!keep_alive) out += "Connection: close\r\n";
  out += "\r\n";
  return out;
}

}  // namespace troupe::http
