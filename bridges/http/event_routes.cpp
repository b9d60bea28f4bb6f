#include <limits>
#include <utility>

#include "bridges/http/application_routes.hpp"

namespace troupe::http {
namespace {

reply get_events(const request& received, surroundings& around) {
  const auto& category = received.parameter("category");
  if (auto checked = check_category(category); !checked) return error_reply(checked.error());
  const auto from = received.number("from", 1, 0, std::numeric_limits<std::int64_t>::max());
  if (!from) return error_reply(from.error());
  const auto limit = around.page_of(received);
  if (!limit) return error_reply(limit.error());
  const auto events = around.app.events(category, *from, *limit);
  if (!events) return error_reply(events.error());
  json items = json::array();
  for (const auto& event : *events) items.push_back(to_json(event));
  const auto next = events->empty() ? *from : events->back().position + 1;
  return json_reply({{"items", std::move(items)}, {"next", next}});
}

}  // namespace

void add_event_routes(router& routes, const std::shared_ptr<surroundings>& around) {
  routes.add("GET", "/v1/events/{category}",
             [around](const request& received) { return get_events(received, *around); });
}

}  // namespace troupe::http
