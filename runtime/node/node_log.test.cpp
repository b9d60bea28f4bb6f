#include "runtime/node/node_log.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

#include "runtime/core/json.hpp"

namespace troupe {
namespace {

/// A new line, a terminal's escape, a quote, half a character, and what some readers take for the
/// end of a line.
const std::string hostile =
    "one\r\ntwo \x1b[31m \"three\\ \xc3 \x7f \xe2\x80\xa8 \xc2\x85 Zo\xc3\xab";

}  // namespace

BOOST_AUTO_TEST_SUITE(node_logs)

BOOST_AUTO_TEST_CASE(a_record_is_one_document_on_one_line_whatever_is_in_it) {
  const auto line = json_line(timestamp{}, "warn", hostile, hostile, {hostile, hostile});
  BOOST_TEST(std::ranges::all_of(line, [](char c) { return c >= ' ' && c < '\x7f'; }));
  const auto record = json::parse(line);
  const std::string kept =
      "one\r\ntwo \x1b[31m \"three\\ \xef\xbf\xbd \x7f \xe2\x80\xa8 \xc2\x85 Zo\xc3\xab";
  for (const auto* member : {"message", "node", "actor", "traceId"})
    BOOST_TEST(record.at(member).get<std::string>() == kept, member);
  BOOST_TEST(record.at("level") == "warn");
  BOOST_TEST(record.at("time") == "1970-01-01T00:00:00.000Z");
}

BOOST_AUTO_TEST_CASE(what_is_not_known_is_left_out) {
  const auto record = json::parse(json_line(timestamp{}, "info", "n", "stopped", {}));
  BOOST_TEST(record.size() == 4U);
  BOOST_TEST(line_for_people("stopped", {}) == "stopped");
}

BOOST_AUTO_TEST_CASE(a_line_for_people_has_actor_and_trace_and_no_controls) {
  BOOST_TEST(line_for_people("failed: planted", {"/bridges/http", "4bf9"}) ==
             "/bridges/http failed: planted, trace 4bf9");
  const auto line = line_for_people(hostile, {hostile, hostile});
  BOOST_TEST(std::ranges::none_of(
      line, [](char c) { return (static_cast<unsigned char>(c) < 0x20) || c == '\x7f'; }));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe
