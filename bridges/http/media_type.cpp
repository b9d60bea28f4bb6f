#include "bridges/http/media_type.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "bridges/http/trimmed.hpp"

namespace troupe::http {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::for_each(out, [](char& c) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  });
  return out;
}

/// Takes what comes before the mark off the text, and the mark; all of it if there is none.
std::string_view take_until(std::string_view& rest, char mark) {
  const auto end = rest.find(mark);
  if (end == std::string_view::npos) return std::exchange(rest, {});
  const auto part = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return part;
}

}  // namespace

bool is_json_type(std::string_view content_type) {
  if (content_type == "application/json") return true;
  const auto text = lower(content_type);
  std::string_view rest = text;
  const auto type = trimmed(take_until(rest, ';'));
  if (type != "application/json" &&
      !(type.starts_with("application/") && type.ends_with("+json") && type.size() > 17)) {
    return false;
  }
  while (!rest.empty()) {
    const auto parameter = trimmed(take_until(rest, ';'));
    if (parameter.starts_with("charset=") && parameter != "charset=utf-8" &&
        parameter != "charset=\"utf-8\"") {
      return false;
    }
  }
  return true;
}

namespace {

/// The weight of a media range by its parameters, in thousandths; 1,000 when not given, 0 when not
/// readable.
int weight_of(std::string_view parameters) {
  while (!parameters.empty()) {
    const auto one = trimmed(take_until(parameters, ';'));
    if (!one.starts_with("q=")) continue;
    const auto digits = one.substr(2);
    if (digits.empty() || digits.size() > 5 || (digits[0] != '0' && digits[0] != '1')) return 0;
    int weight = digits[0] == '1' ? 1000 : 0;
    int unit = 100;
    for (const char c : digits.substr(std::min<std::size_t>(2, digits.size()))) {
      if (c < '0' || c > '9') return 0;
      weight += (c - '0') * unit;
      unit /= 10;
    }
    return std::min(weight, 1000);
  }
  return 1000;
}

}  // namespace

bool wants_event_stream(std::string_view accept) {
  const auto text = lower(accept);
  int stream = 0;
  int plain = 0;
  for (std::string_view rest = text; !rest.empty();) {
    auto range = take_until(rest, ',');
    const auto type = trimmed(take_until(range, ';'));
    const auto weight = weight_of(range);
    if (type == "text/event-stream") stream = std::max(stream, weight);
    if (type == "application/json") plain = std::max(plain, weight);
  }
  return stream > 0 && stream >= plain;
}

}  // namespace troupe::http
