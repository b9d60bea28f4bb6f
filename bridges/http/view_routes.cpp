#include <array>
#include <cstdio>
#include <limits>
#include <optional>
#include <utility>

#include "bridges/http/application_routes.hpp"

namespace troupe::http {
namespace {

struct place {
  std::string category;
  position_t position = 0;

  [[nodiscard]] std::string text() const { return category + ':' + std::to_string(position); }
};

/// How far a view has come.
result<place> place_of(const std::string& view, application& app) {
  auto category = app.view_category(view);
  if (!category) return std::move(category).error();
  const auto position = app.view_position(view);
  if (!position) return position.error();
  return place{std::move(*category), *position};
}

/// Waits until the view has what `X-Min-Position` asks for. Null when it may be read.
std::optional<reply> behind(const request& received, const std::string& view,
                            surroundings& around) {
  const auto wanted = received.head.find("x-min-position");
  if (!wanted) return {};
  const auto category = around.app.view_category(view);
  if (!category) return error_reply(category.error());
  const auto colon = wanted->find(':');
  const auto position =
      colon == std::string_view::npos
          ? result<std::uint64_t>(error{errc::invalid, ""})
          : parse_number(wanted->substr(colon + 1), std::numeric_limits<std::uint64_t>::max());
  if (!position || wanted->substr(0, colon) != *category) {
    return error_reply(
        {errc::invalid,
         "X-Min-Position must be a position in the view's category, such as " + *category + ":17"});
  }
  if (around.app.await_view(view, *position, around.deadline())) return {};
  const auto reached = place_of(view, around.app);
  if (!reached) return error_reply(reached.error());
  auto late =
      problem(503, "view-behind", "the view has reached " + reached->text() + " only; try again");
  late.body["position"] = reached->text();
  late.headers = {{"Retry-After", "1"}, {"X-Position", reached->text()}};
  return to_reply(late);
}

result<view_query> query_of(const request& received, const surroundings& around) {
  view_query query;
  const auto limit = around.page_of(received);
  if (!limit) return limit.error();
  query.limit = *limit;
  const auto order = received.query("order");
  if (!order) return order.error();
  if (*order != nullptr) {
    query.descending = (*order)->starts_with('-');
    query.order_by = (*order)->substr(query.descending ? 1 : 0);
    if (query.order_by.empty()) {
      return error{errc::invalid, "order must be a column, or '-' and a column"};
    }
  }
  const auto after = received.query("after");
  if (!after) return after.error();
  if (*after != nullptr) query.after = **after;
  for (const auto& [name, value] : received.where.query) {
    if (name == "limit" || name == "order" || name == "after") continue;
    query.equals.emplace_back(name, value);
  }
  return query;
}

reply get_rows(const request& received, surroundings& around) {
  const auto& view = received.parameter("view");
  const auto query = query_of(received, around);
  if (!query) return error_reply(query.error());
  if (auto late = behind(received, view, around)) return std::move(*late);
  // Asked for first: the rows are at least as new.
  const auto reached = place_of(view, around.app);
  if (!reached) return error_reply(reached.error());
  auto page = around.app.view_rows(view, *query);
  if (!page) return error_reply(page.error());
  json body = {{"items", std::move(page->rows)},
               {"next", page->next.empty() ? json() : json(page->next)},
               {"position", reached->text()}};
  auto answer = json_reply(body);
  answer.headers = {{"X-Position", reached->text()}};
  return answer;
}

/// A strong entity tag: the same text has the same one.
std::string tag_of(std::string_view text) {
  std::array<char, 24> out{};
  const int size = std::snprintf(out.data(), out.size(), "\"%016llx\"",
                                 static_cast<unsigned long long>(digest_of(text)));
  return {out.data(), static_cast<std::size_t>(size)};
}

/// Does `If-None-Match` name this tag? By weak comparison (RFC 9110, section 13.1.2).
bool names(std::string_view list, std::string_view tag) {
  if (list == "*") return true;
  for (auto at = list.find(tag); at != std::string_view::npos; at = list.find(tag, at + 1)) {
    const auto end = at + tag.size();
    if (end == list.size() || list[end] == ',' || list[end] == ' ') return true;
  }
  return false;
}

reply get_row(const request& received, surroundings& around) {
  const auto& view = received.parameter("view");
  if (auto late = behind(received, view, around)) return std::move(*late);
  const auto reached = place_of(view, around.app);
  if (!reached) return error_reply(reached.error());
  const auto row = around.app.view_row(view, received.parameter("key"));
  if (!row) return error_reply(row.error());
  if (!*row) {
    auto missing = problem_reply(404, "not-found", "the view " + view + " has no such row");
    missing.headers = {{"X-Position", reached->text()}};
    return missing;
  }
  auto answer = json_reply(**row);
  auto tag = tag_of(answer.body);
  if (const auto known = received.head.find("if-none-match"); known && names(*known, tag)) {
    answer.status = 304;
  }
  answer.headers = {
      {"ETag", std::move(tag)}, {"Cache-Control", "no-cache"}, {"X-Position", reached->text()}};
  return answer;
}

}  // namespace

void add_view_routes(router& routes, const std::shared_ptr<surroundings>& around) {
  routes.add("GET", "/v1/views/{view}",
             [around](const request& received) { return get_rows(received, *around); });
  routes.add("GET", "/v1/views/{view}/{key}",
             [around](const request& received) { return get_row(received, *around); });
}

}  // namespace troupe::http
