#include "bridges/http/media_type.hpp"

#include <algorithm>
#include <string>

namespace troupe::http {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::for_each(out, [](char& c) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  });
  return out;
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

bool is_json_type(std::string_view content_type) {
  if (content_type == "application/json") return true;
  const auto text = lower(content_type);
  std::string_view rest = text;
  const auto next = [&rest] {
    const auto end = std::min(rest.find(';'), rest.size());
    const auto part = trim(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return part;
  };
  const auto type = next();
  if (type != "application/json" &&
      !(type.starts_with("application/") && type.ends_with("+json") && type.size() > 17)) {
    return false;
  }
  while (!rest.empty()) {
    const auto parameter = next();
    if (parameter.starts_with("charset=") && parameter != "charset=utf-8" &&
        parameter != "charset=\"utf-8\"") {
      return false;
    }
  }
  return true;
}

}  // namespace troupe::http
