#include "bridges/http/otlp_encoding.hpp"

#include <boost/test/unit_test.hpp>

#include "runtime/core/json.hpp"

namespace troupe::http {
namespace {

using namespace std::chrono_literals;

const span_origin origin{"shop", "n1", "1.2.3"};

json only_span(const troupe::span& one) {
  const auto request = json::parse(encode_spans({&one, 1}, origin, 0ns));
  return request["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
}

}  // namespace

BOOST_AUTO_TEST_SUITE(otlp_encoding)

BOOST_AUTO_TEST_CASE(spans_are_written_as_the_protocol_wants_them) {
  troupe::span request;
  request.place = {"4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", true};
  request.name = "POST /v1/users";
  request.kind = span_kind::server;
  request.begun = monotonic_time(1'500ms);
  request.ended = monotonic_time(1'500ms + 17ns);
  request.note("http.response.status_code", 503);
  request.note("http.route", "/v1/users");
  request.failure = "answered with 503";
  auto part = request;
  part.parent = request.place.span_id;
  part.place.span_id = "b7ad6b7169203331";
  part.kind = span_kind::internal;
  part.attributes.clear();
  part.failure.reset();

  // 9,007,199,254,740,993 is the first whole number that a double cannot hold.
  part.note("large", std::int64_t{9'007'199'254'740'993});
  const std::vector<troupe::span> both{request, part};
  const auto text = [](const char* key, const char* value) {
    return json{{"key", key}, {"value", {{"stringValue", value}}}};
  };
  const auto number = [](const char* key, const char* value) {
    return json{{"key", key}, {"value", {{"intValue", value}}}};
  };
  const json spans = {
      {{"traceId", request.place.trace_id},
       {"spanId", "00f067aa0ba902b7"},
       {"name", "POST /v1/users"},
       {"kind", 2},
       {"startTimeUnixNano", "1700000001500000000"},
       {"endTimeUnixNano", "1700000001500000017"},
       {"attributes",
        {number("http.response.status_code", "503"), text("http.route", "/v1/users")}},
       {"status", {{"code", 2}, {"message", "answered with 503"}}}},
      {{"traceId", request.place.trace_id},
       {"spanId", "b7ad6b7169203331"},
       {"parentSpanId", "00f067aa0ba902b7"},
       {"name", "POST /v1/users"},
       {"kind", 1},
       {"startTimeUnixNano", "1700000001500000000"},
       {"endTimeUnixNano", "1700000001500000017"},
       {"attributes", json::array({number("large", "9007199254740993")})}}};
  const json resource = {{"attributes",
                          {text("service.name", "shop"), text("service.instance.id", "n1"),
                           text("service.version", "1.2.3")}}};
  const json scope = {{"name", "troupe"}, {"version", "1.2.3"}};
  const json of_scope = {{"scope", scope}, {"spans", spans}};
  const json of_resource = {{"resource", resource}, {"scopeSpans", json::array({of_scope})}};
  const json wanted = {{"resourceSpans", json::array({of_resource})}};
  BOOST_TEST(json::parse(encode_spans(both, origin, 1'700'000'000s)) == wanted);
}

BOOST_AUTO_TEST_CASE(text_that_is_not_utf8_is_replaced) {
  troupe::span one;
  one.name = "a\xff\n";
  one.note("half", "Zo\xc3");
  BOOST_TEST(only_span(one)["name"] == "a\xef\xbf\xbd\n");
  BOOST_TEST(only_span(one)["attributes"][0]["value"]["stringValue"] == "Zo\xef\xbf\xbd");
}

BOOST_AUTO_TEST_CASE(what_a_collector_did_not_take_is_read_from_its_answer) {
  const auto rejected = [](const std::string& answer) {
    std::string why;
    const auto count = rejected_spans(answer, why);
    return std::pair(count, why);
  };
  BOOST_TEST((rejected("{}") == std::pair(std::size_t{0}, std::string())));
  BOOST_TEST((rejected(R"({"partialSuccess":{"rejectedSpans":"7","errorMessage":"late"}})") ==
              std::pair(std::size_t{7}, std::string("late"))));
  BOOST_TEST((rejected(R"({"partialSuccess":{"rejectedSpans":7}})").first == 7U));
  for (const auto* nothing :
       {"", "[", "[]", "7", R"({"partialSuccess":7})", R"({"partialSuccess":{}})",
        R"({"partialSuccess":{"rejectedSpans":-1}})", R"({"partialSuccess":{"rejectedSpans":"x"}})",
        R"({"partialSuccess":{"rejectedSpans":{}, "errorMessage":[]}})"}) {
    BOOST_TEST((rejected(nothing) == std::pair(std::size_t{0}, std::string())), nothing);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::http
