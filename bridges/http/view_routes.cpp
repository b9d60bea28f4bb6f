#include <limits>
#include <optional>
#include <utility>

#include "bridges/http/application_routes.hpp"
#include "bridges/http/entity_tag.hpp"
#include "bridges/http/live_stream.hpp"

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
                            const surroundings& around, application& app) {
  const auto wanted = received.head.find("x-min-position");
  if (!wanted) return {};
  const auto category = app.view_category(view);
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
  if (app.await_view(view, *position, around.deadline())) return {};
  const auto reached = place_of(view, app);
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
  const auto app = around.app_for(received);
  const auto query = query_of(received, around);
  if (!query) return error_reply(query.error());
  if (auto late = behind(received, view, around, *app)) return std::move(*late);
  // Asked for first: the rows are at least as new.
  const auto reached = place_of(view, *app);
  if (!reached) return error_reply(reached.error());
  auto page = app->view_rows(view, *query);
  if (!page) return error_reply(page.error());
  json body = {{"items", std::move(page->rows)},
               {"next", page->next.empty() ? json() : json(page->next)},
               {"position", reached->text()}};
  auto answer = json_reply(body);
  answer.headers = {{"X-Position", reached->text()}};
  return answer;
}

/// The row now and after every change; `id` is a position that the view had reached: the row is at
/// least as new. A row that is gone is told by an event `removed`.
void follow_row(live_stream& out, const std::string& view, const std::string& key,
                application& app) {
  const auto watching = app.watch_view(view, [&out] { out.wake(); });
  if (!watching || !out.send(sse_begin)) return;
  std::string shown;
  do {
    const auto position = app.view_position(view);
    const auto row = position ? app.view_row(view, key) : position.error();
    if (!row) {
      // Ends, so that the peer comes back when the view can be read again.
      out.send(sse_message("", "problem", error_reply(row.error()).body));
      return;
    }
    auto now = *row ? text_of(**row) : std::string("null");
    if (now == shown) continue;
    if (!out.send(sse_message(std::to_string(*position), *row ? "" : "removed", now))) return;
    shown = std::move(now);
  } while (out.wait());
}

reply get_row(const request& received, surroundings& around) {
  const auto& view = received.parameter("view");
  const auto app = around.app_for(received);
  if (auto late = behind(received, view, around, *app)) return std::move(*late);
  const auto reached = place_of(view, *app);
  if (!reached) return error_reply(reached.error());
  const auto row = app->view_row(view, received.parameter("key"));
  if (!row) return error_reply(row.error());
  if (!*row) {
    auto missing = problem_reply(404, "not-found", "the view " + view + " has no such row");
    missing.headers = {{"X-Position", reached->text()}};
    return missing;
  }
  if (wants_event_stream(received)) {
    return event_stream([app, view, key = received.parameter("key")](live_stream& out) {
      follow_row(out, view, key, *app);
    });
  }
  auto answer = json_reply(**row);
  answer.headers = {
      {"Cache-Control", "no-cache"}, {"Vary", "Accept"}, {"X-Position", reached->text()}};
  tag(answer, received.head);
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
