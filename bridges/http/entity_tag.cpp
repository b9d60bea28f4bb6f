#include "bridges/http/entity_tag.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace troupe::http {
namespace {

/// Does a list of entity tags have this one?
bool names(std::string_view list, std::string_view tag) {
  if (list == "*") return true;
  for (auto at = list.find(tag); at != std::string_view::npos; at = list.find(tag, at + 1)) {
    const auto end = at + tag.size();
    if (end == list.size() || list[end] == ',' || list[end] == ' ') return true;
  }
  return false;
}

}  // namespace

std::string tag_of(std::string_view text) {
  std::array<char, 24> out{};
  const int size = std::snprintf(out.data(), out.size(), "\"%016llx\"",
                                 static_cast<unsigned long long>(digest_of(text)));
  return {out.data(), static_cast<std::size_t>(size)};
}

void tag(reply& answer, const request_head& asked) {
  auto made = tag_of(answer.body);
  const bool known = std::ranges::any_of(asked.fields, [&](const header_field& field) {
    return field.name == "if-none-match" && names(field.value, made);
  });
  if (known) answer.status = 304;
  answer.headers.emplace_back("ETag", std::move(made));
}

}  // namespace troupe::http
