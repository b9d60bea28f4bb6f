#include "bridges/http/otlp_encoding.hpp"

#include <charconv>
#include <utility>
#include <variant>

#include "runtime/core/json.hpp"

namespace troupe::http {
namespace {

constexpr int status_error = 2;  // STATUS_CODE_ERROR

json attribute(const std::string& key, const span_value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value))
    return {{"key", key}, {"value", {{"intValue", std::to_string(*number)}}}};
  return {{"key", key}, {"value", {{"stringValue", std::get<std::string>(value)}}}};
}

std::string unix_nanos(monotonic_time when, std::chrono::nanoseconds offset) {
  return std::to_string((when.time_since_epoch() + offset).count());
}

json to_json(const troupe::span& one, std::chrono::nanoseconds offset) {
  json made = {{"traceId", one.place.trace_id},
               {"spanId", one.place.span_id},
               {"name", one.name},
               {"kind", static_cast<int>(one.kind)},
               {"startTimeUnixNano", unix_nanos(one.begun, offset)},
               {"endTimeUnixNano", unix_nanos(one.ended, offset)}};
  if (!one.parent.empty()) made["parentSpanId"] = one.parent;
  auto& attributes = made["attributes"] = json::array();
  for (const auto& [key, value] : one.attributes) attributes.push_back(attribute(key, value));
  if (one.failure) made["status"] = {{"code", status_error}, {"message", *one.failure}};
  return made;
}

}  // namespace

std::chrono::nanoseconds unix_offset(const clock& time) {
  return time.now().time_since_epoch() - time.monotonic().time_since_epoch();
}

std::string encode_spans(std::span<const troupe::span> spans, const span_origin& origin,
                         std::chrono::nanoseconds offset) {
  json list = json::array();
  for (const auto& one : spans) list.push_back(to_json(one, offset));
  const json resource = {
      {"attributes",
       {attribute("service.name", origin.service), attribute("service.instance.id", origin.node),
        attribute("service.version", origin.version)}}};
  const json scope = {{"name", "troupe"}, {"version", origin.version}};
  const json request = {{"resourceSpans",
                         {{{"resource", resource},
                           {"scopeSpans", {{{"scope", scope}, {"spans", std::move(list)}}}}}}}};
  return request.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::size_t rejected_spans(const std::string& answer, std::string& why) {
  const auto parsed = parse_json(answer);
  if (!parsed || !parsed->is_object()) return 0;
  const auto partial = parsed->find("partialSuccess");
  if (partial == parsed->end() || !partial->is_object()) return 0;
  if (const auto text = partial->find("errorMessage"); text != partial->end() && text->is_string())
    why = text->get<std::string>();
  const auto count = partial->find("rejectedSpans");
  if (count == partial->end()) return 0;
  if (count->is_number_unsigned()) return count->get<std::size_t>();
  std::size_t number = 0;
  if (count->is_string()) {
    const auto& text = count->get_ref<const std::string&>();
    std::from_chars(text.data(), text.data() + text.size(), number);
  }
  return number;
}

}  // namespace troupe::http
