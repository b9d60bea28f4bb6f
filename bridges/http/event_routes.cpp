#include <algorithm>
#include <limits>
#include <utility>

#include "bridges/http/application_routes.hpp"
#include "bridges/http/live_stream.hpp"

namespace troupe::http {
namespace {

constexpr auto highest = std::numeric_limits<std::int64_t>::max();

/// How many events a stream takes from the log at a time, about; what it sends at a time.
constexpr std::size_t events_per_read = 64;
constexpr std::size_t bytes_per_send = 64 * 1024;

/// Where a stream goes on: at this position, behind so many events of its commit.
struct place {
  position_t position = 1;
  std::size_t seen = 0;
};

/// The id of the event with this index in its commit of `count`: "17" for the last one, so that
/// everything up to position 17 has been seen, and "17.1" for the first of several.
std::string id_of(position_t position, std::size_t index, std::size_t count) {
  auto id = std::to_string(position);
  if (index + 1 < count) id += '.' + std::to_string(index + 1);
  return id;
}

/// The place behind the event with this id.
result<place> place_after(std::string_view id) {
  const auto dot = std::min(id.find('.'), id.size());
  const auto position = parse_number(id.substr(0, dot), highest - 1);
  const auto seen =
      dot == id.size() ? result<std::uint64_t>(0) : parse_number(id.substr(dot + 1), highest);
  if (!position || !seen) {
    return error{errc::invalid,
                 "Last-Event-ID must be the id of an event of this stream, such as 17 or 17.1"};
  }
  return dot == id.size() ? place{*position + 1, 0} : place{*position, *seen};
}

/// Sends a page of whole commits.
bool send_page(live_stream& out, const std::vector<recorded_event>& events, std::size_t seen) {
  std::string text;
  for (std::size_t begin = 0; begin < events.size();) {
    auto end = begin;
    while (end < events.size() && events[end].position == events[begin].position) ++end;
    for (auto at = begin + std::min(seen, end - begin); at < end; ++at) {
      const auto id = id_of(events[at].position, at - begin, end - begin);
      text += sse_message(id, "", text_of(to_json(events[at])));
      if (text.size() < bytes_per_send) continue;
      if (!out.send(text)) return false;
      text.clear();
    }
    seen = 0;
    begin = end;
  }
  return out.send(text);
}

/// All events from a place on: those there are, then the new ones as they come.
void follow_events(live_stream& out, const std::string& category, place at, application& app) {
  const auto watching = app.watch_events(category, [&out] { out.wake(); });
  if (!watching || !out.send(sse_begin)) return;
  while (out.going_on()) {
    const auto events = app.events(category, at.position, events_per_read);
    if (!events) {
      // Ends, so that the peer comes back when the log can be read again.
      out.send(sse_message("", "problem", error_reply(events.error()).body));
      return;
    }
    if (events->empty()) {
      if (!out.wait()) return;
      continue;
    }
    const auto first = events->front().position;
    if (!send_page(out, *events, first == at.position ? at.seen : 0)) return;
    at = {events->back().position + 1, 0};
  }
}

reply get_events(const request& received, surroundings& around) {
  const auto& category = received.parameter("category");
  if (auto checked = check_category(category); !checked) return error_reply(checked.error());
  const auto from = received.number("from", 1, 0, highest);
  if (!from) return error_reply(from.error());
  const auto limit = around.page_of(received);
  if (!limit) return error_reply(limit.error());
  const bool stream = wants_event_stream(received);
  result<place> start = place{*from, 0};
  if (const auto last = received.head.find("last-event-id"); stream && last && !last->empty()) {
    start = place_after(*last);
    if (!start) return error_reply(start.error());
  }
  const auto app = around.app_for(received);
  const auto events = app->events(category, start->position, stream ? 1 : *limit);
  if (!events) return error_reply(events.error());
  if (stream) {
    return event_stream(
        [app, category, at = *start](live_stream& out) { follow_events(out, category, at, *app); });
  }
  json items = json::array();
  for (const auto& event : *events) items.push_back(to_json(event));
  const auto next = events->empty() ? *from : events->back().position + 1;
  auto answer = json_reply({{"items", std::move(items)}, {"next", next}});
  answer.headers = {{"Vary", "Accept"}};
  return answer;
}

}  // namespace

void add_event_routes(router& routes, const std::shared_ptr<surroundings>& around) {
  routes.add("GET", "/v1/events/{category}",
             [around](const request& received) { return get_events(received, *around); });
}

}  // namespace troupe::http
