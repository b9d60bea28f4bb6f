#include "runtime/testkit/scenario.hpp"

namespace troupe::testkit::detail {
namespace {

/// For people: shows what is not UTF-8 as � instead of throwing.
std::string text_of(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string line_of(const new_event& event) { return event.type + ' ' + text_of(event.data); }

std::string lines_of(const std::vector<new_event>& events) {
  std::string lines;
  for (const auto& event : events) lines += (lines.empty() ? "" : "\n  ") + line_of(event);
  return lines;
}

}  // namespace

void fail(const story& told, const std::string& expected, const std::string& actual) {
  throw failure("the scenario does not hold\ngiven\n  " +
                (told.given.empty() ? "nothing" : lines_of(told.given)) + "\nwhen\n  " +
                line_of(told.when) + "\nexpected\n  " + expected + "\nactual\n  " + actual);
}

void fail(const std::string& what, const json& expected, const json& actual) {
  throw failure(what + "\nexpected\n  " + text_of(expected) + "\nactual\n  " + text_of(actual));
}

std::string describe(const std::vector<new_event>& events) {
  return events.empty() ? "accepted, nothing changed" : lines_of(events);
}

std::string describe(const rejection& refusal) {
  return "rejected \"" + refusal.code + "\": " + refusal.detail;
}

json reread(const std::string& what, const json& written) {
  try {
    auto parsed = parse_json(written.dump());
    if (parsed) return std::move(*parsed);
    fail(what + " is not stored as JSON that can be read (" + parsed.error().message + ")", written,
         nullptr);
  } catch (const json::exception& problem) {
    fail(what + " cannot be written as JSON (" + problem.what() + ")", written, nullptr);
  }
}

}  // namespace troupe::testkit::detail
