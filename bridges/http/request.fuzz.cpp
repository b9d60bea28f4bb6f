#include <algorithm>

#include "bridges/http/request_head.hpp"
#include "bridges/http/target.hpp"
#include "runtime/testkit/fuzzing.hpp"

namespace {

using troupe::testkit::require;
using namespace troupe::http;

constexpr head_limits limits{.max_fields = 20, .max_target = 512, .max_body = 4096};

bool has_control(std::string_view text) {
  return std::ranges::any_of(text, [](char c) {
    const auto code = static_cast<unsigned char>(c);
    return (code < 0x20 && c != '\t') || code == 0x7f;
  });
}

/// The head as a proxy would write it anew.
std::string written(const request_head& head, std::string_view version) {
  std::string text = std::string(head.method) + ' ' + std::string(head.target) + ' ';
  text += version;
  for (const auto& field : head.fields)
    text += "\r\n" + std::string(field.name) + ": " + std::string(field.value);
  return text + "\r\n\r\n";
}

void check_target(std::string_view text) {
  const auto where = parse_target(text);
  if (!where) {
    require(where.error().code == troupe::errc::invalid, "a refusal is 'invalid'");
    return;
  }
  require(!where->segments.empty(), "a path has a segment");
  require(where->query.size() == parameter_count(text), "parameters are counted as they are read");
  for (const auto& segment : where->segments) {
    require(is_utf8(segment) && !has_control(segment), "segments are plain text");
  }
  for (const auto& [name, value] : where->query) {
    require(is_utf8(name) && is_utf8(value), "parameters are plain text");
    require(!has_control(name) && !has_control(value), "without control characters");
  }
}

}  // namespace

/// A head that is accepted means the same to whoever reads it again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The reader of connections promises: lines end with CR LF, the head with an empty line.
  std::string text(troupe::testkit::text_of(data, size));
  check_target(text);
  text = text.substr(0, text.find("\r\n\r\n"));
  std::erase(text, '\n');
  std::string lines;
  for (const char c : text) lines += c == '\r' ? std::string("\r\n") : std::string(1, c);
  lines += "\r\n\r\n";
  lines.resize(lines.find("\r\n\r\n") + 4);

  const auto parsed = parse_head(lines, limits);
  if (const auto* refused = std::get_if<refusal>(&parsed)) {
    require(refused->status >= 400 && refused->status < 500, "a refusal is the caller's fault");
    require(!refused->detail.empty() && !has_control(refused->detail), "and says why");
    return 0;
  }
  const auto& head = std::get<request_head>(parsed);
  require(head.fields.size() <= limits.max_fields, "headers are bounded");
  require(head.target.size() <= limits.max_target, "the target is bounded");
  require(head.content_length <= limits.max_body, "the body is bounded");
  require(!head.find("transfer-encoding"), "no transfer coding comes through");
  for (const auto& field : head.fields) {
    require(!field.name.empty() && !has_control(field.value), "fields are clean");
    require(std::ranges::none_of(field.name, [](char c) { return c >= 'A' && c <= 'Z'; }),
            "names are in lower case");
  }
  check_target(head.target);

  const auto line = std::string_view(lines).substr(0, lines.find("\r\n"));
  auto anew = written(head, line.substr(line.rfind(' ') + 1));
  const auto again = parse_head(anew, limits);
  const auto* same = std::get_if<request_head>(&again);
  require(same != nullptr && same->method == head.method && same->target == head.target &&
              same->content_length == head.content_length && same->keep_alive == head.keep_alive &&
              same->fields.size() == head.fields.size(),
          "a head that was written anew means the same");
  return 0;
}
