#include "runtime/node/guarded_application.hpp"

#include <utility>

namespace troupe {
namespace {

error hidden(const std::string& view) {
  return {errc::forbidden, "the caller may not see this row of the view " + view};
}

}  // namespace

void guarded_application::submit(command_request request, completion done) {
  request.on_behalf_of = who_;
  behind_.submit(std::move(request), std::move(done));
}

std::optional<command_outcome> guarded_application::take_in(command_request request) {
  request.on_behalf_of = who_;
  return behind_.take_in(std::move(request));
}

result<std::optional<command_outcome>> guarded_application::outcome_of(
    const std::string& command_id) {
  auto known = behind_.outcome_of(command_id);
  // Of one that is under way, all that shows is that it is.
  if (!known || !*known || policy_.may_read(who_, (*known)->stream)) return known;
  return error{errc::not_found, "nothing is known of a command with this id"};
}

result<std::optional<json>> guarded_application::view_row(const std::string& view,
                                                          const std::string& key) {
  if (auto known = behind_.view_category(view); !known) return std::move(known).error();
  const auto visible = policy_.visible(who_, view);
  if (visible.everything()) return behind_.view_row(view, key);
  if (visible.nothing()) return hidden(view);
  if (visible.column() == policy_.key_column(view))
    return key == visible.value() ? behind_.view_row(view, key) : hidden(view);
  auto row = behind_.view_row(view, key);
  if (!row) return row;
  const bool seen = *row && (*row)->value(visible.column(), json()) == json(visible.value());
  return seen ? std::move(row) : hidden(view);
}

result<view_page> guarded_application::view_rows(const std::string& view, const view_query& query) {
  if (auto known = behind_.view_category(view); !known) return std::move(known).error();
  const auto visible = policy_.visible(who_, view);
  if (visible.everything()) return behind_.view_rows(view, query);
  if (visible.nothing()) return error{errc::forbidden, "the caller may not see the view " + view};
  auto narrowed = query;
  narrowed.equals.emplace_back(visible.column(), visible.value());
  return behind_.view_rows(view, narrowed);
}

result<position_t> guarded_application::view_position(const std::string& view) {
  return behind_.view_position(view);
}

result<std::string> guarded_application::view_category(const std::string& view) {
  return behind_.view_category(view);
}

bool guarded_application::await_view(const std::string& view, position_t position,
                                     monotonic_time deadline) {
  return behind_.await_view(view, position, deadline);
}

result<std::unique_ptr<watch>> guarded_application::watch_view(const std::string& view,
                                                               std::function<void()> changed) {
  return behind_.watch_view(view, std::move(changed));
}

result<std::unique_ptr<watch>> guarded_application::watch_events(const std::string& category,
                                                                 std::function<void()> changed) {
  if (auto said = policy_.may_follow(who_, category); !said)
    return error{errc::forbidden, said.why()};
  return behind_.watch_events(category, std::move(changed));
}

result<std::vector<recorded_event>> guarded_application::events(const std::string& category,
                                                                position_t from,
                                                                std::size_t limit) {
  if (auto said = policy_.may_follow(who_, category); !said)
    return error{errc::forbidden, said.why()};
  return behind_.events(category, from, limit);
}

}  // namespace troupe
