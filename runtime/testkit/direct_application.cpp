#include "runtime/testkit/direct_application.hpp"

#include <algorithm>
#include <memory>

namespace troupe::testkit {
namespace {

command_outcome refused(outcome_status status, std::string code, std::string detail) {
  command_outcome outcome;
  outcome.status = status;
  outcome.code = std::move(code);
  outcome.detail = std::move(detail);
  return outcome;
}

envelope written(const new_event& event, const command_context& context, version_t version) {
  json metadata = {{"traceId", context.trace_id},
                   {"userId", context.user_id},
                   {"time", format_time(context.time)}};
  if (event.schema_version > 1) metadata[schema_version_member] = event.schema_version;
  return {derive_id(context.command_id, std::to_string(version)), event.type, std::move(metadata),
          event.data};
}

}  // namespace

void direct_application::answer_next(command_outcome outcome) {
  const std::lock_guard lock(mutex_);
  next_answer_ = std::move(outcome);
}

void direct_application::hold_views(bool held) {
  {
    const std::lock_guard lock(mutex_);
    held_ = held;
    catch_up();
  }
  changes_.notify();
}

void direct_application::fail_views(std::optional<error> failure) {
  const std::lock_guard lock(mutex_);
  view_failure_ = std::move(failure);
}

std::vector<command_request> direct_application::submitted() const {
  const std::lock_guard lock(mutex_);
  return submitted_;
}

std::vector<std::pair<std::string, position_t>> direct_application::awaited() const {
  const std::lock_guard lock(mutex_);
  return awaited_;
}

void direct_application::submit(command_request request, completion done) {
  command_outcome outcome;
  {
    const std::lock_guard lock(mutex_);
    submitted_.push_back(request);
    if (next_answer_) {
      outcome = *std::exchange(next_answer_, std::nullopt);
    } else if (const auto before = outcomes_.find(request.context.command_id);
               before != outcomes_.end()) {
      outcome = before->second;
    } else {
      outcome = decide(request);
      outcome.command_id = request.context.command_id;
      outcomes_[request.context.command_id] = outcome;
    }
    catch_up();
  }
  changes_.notify();
  done(std::move(outcome));
}

std::optional<command_outcome> direct_application::take_in(command_request request) {
  std::optional<command_outcome> refused;
  submit(std::move(request), [&](command_outcome outcome) {
    const auto status = outcome.status;
    if (status == outcome_status::invalid || status == outcome_status::not_found ||
        status == outcome_status::overloaded) {
      refused = std::move(outcome);
    }
  });
  return refused;
}

result<std::optional<command_outcome>> direct_application::outcome_of(
    const std::string& command_id) {
  const std::lock_guard lock(mutex_);
  const auto found = outcomes_.find(command_id);
  if (found == outcomes_.end()) return error{errc::not_found, "no command '" + command_id + "'"};
  return std::optional(found->second);
}

command_outcome direct_application::decide(const command_request& request) {
  const auto found = std::ranges::find(feature_.aggregates(), request.category,
                                       [](const auto& one) { return one.kernel->category(); });
  if (found == feature_.aggregates().end()) {
    return refused(outcome_status::not_found, "not-found",
                   "no category '" + request.category + "'");
  }
  const auto& kernel = *found->kernel;
  stream_id stream{request.category, request.id};
  if (stream.id.empty()) {
    auto id = kernel.entity_of(request.type, request.data, request.context.command_id);
    if (!id) return refused(outcome_status::invalid, "invalid", id.error().message);
    stream.id = std::move(*id);
  }

  command_outcome outcome;
  outcome.stream = stream;
  const auto entity = kernel.initial();
  for (const auto& event : log_) {
    if (event.stream != stream) continue;
    if (auto evolved = entity->evolve(event.event); !evolved) {
      return refused(outcome_status::failed, "corrupt", evolved.error().message);
    }
    outcome.version = event.version;
    outcome.position = event.position;
  }
  auto answer = entity->handle(request.type, request.data, request.context);
  if (!answer) return refused(outcome_status::invalid, "invalid", answer.error().message);
  if (const auto* refusal = std::get_if<rejection>(&*answer)) {
    outcome.status = outcome_status::rejected;
    outcome.code = refusal->code;
    outcome.detail = refusal->detail;
    return outcome;
  }
  outcome.status = outcome_status::accepted;
  const auto& events = std::get<0>(*answer);
  if (!events.empty()) outcome.position = log_.empty() ? 1 : log_.back().position + 1;
  for (const auto& event : events) {
    auto stored = written(event, request.context, ++outcome.version);
    outcome.events.push_back({stored.id, stored.type, outcome.version});
    log_.push_back({std::move(stored), stream, outcome.version, outcome.position});
  }
  return outcome;
}

void direct_application::catch_up() {
  if (held_) return;
  for (; shown_ < log_.size(); ++shown_) {
    for (const auto& projection : feature_.projections()) {
      const auto& kernel = *projection.kernel;
      const auto& event = log_[shown_];
      if (projection.role != database_role::views || kernel.category() != event.stream.category ||
          !kernel.handles(event.event.type)) {
        continue;
      }
      const auto decoded = std::move(kernel.decode(event)).value();
      auto& rows = views_[kernel.name()];
      const auto stored = rows.find(decoded->key());
      const auto fold =
          std::move(kernel.fold(stored == rows.end() ? nullptr : &stored->second)).value();
      fold->apply(*decoded);
      rows.erase(decoded->key());
      if (auto row = fold->row()) rows[decoded->key()] = std::move(*row);
    }
  }
}

result<const projector_kernel*> direct_application::readable(const std::string& view) const {
  if (view_failure_) return *view_failure_;
  for (const auto& projection : feature_.projections()) {
    if (projection.role == database_role::views && projection.kernel->name() == view) {
      return projection.kernel.get();
    }
  }
  return error{errc::not_found, "no view '" + view + "'"};
}

result<std::optional<json>> direct_application::view_row(const std::string& view,
                                                         const std::string& key) {
  const std::lock_guard lock(mutex_);
  if (auto kernel = readable(view); !kernel) return kernel.error();
  const auto& rows = views_[view];
  const auto found = rows.find(key);
  return found == rows.end() ? std::nullopt : std::optional(found->second);
}

result<view_page> direct_application::view_rows(const std::string& view, const view_query& query) {
  const std::lock_guard lock(mutex_);
  if (auto kernel = readable(view); !kernel) return kernel.error();
  view_page page;
  for (const auto& [key, row] : views_[view]) {
    if (page.rows.size() == query.limit) break;
    const bool wanted = std::ranges::all_of(query.equals, [&row = row](const auto& term) {
      return row.value(term.first, json()) == term.second;
    });
    if (wanted) page.rows.push_back(row);
  }
  return page;
}

result<position_t> direct_application::view_position(const std::string& view) {
  const std::lock_guard lock(mutex_);
  if (auto kernel = readable(view); !kernel) return kernel.error();
  return shown_ == 0 ? 0 : log_[shown_ - 1].position;
}

result<std::string> direct_application::view_category(const std::string& view) {
  const std::lock_guard lock(mutex_);
  auto kernel = readable(view);
  if (!kernel) return kernel.error();
  return (*kernel)->category();
}

bool direct_application::await_view(const std::string& view, position_t position, monotonic_time) {
  const std::lock_guard lock(mutex_);
  awaited_.emplace_back(view, position);
  return readable(view) && (shown_ == 0 ? 0 : log_[shown_ - 1].position) >= position;
}

result<std::unique_ptr<watch>> direct_application::watch_view(const std::string& view,
                                                              std::function<void()> changed) {
  const std::lock_guard lock(mutex_);
  if (auto kernel = readable(view); !kernel) return kernel.error();
  return changes_.listen(std::move(changed));
}

result<std::unique_ptr<watch>> direct_application::watch_events(const std::string&,
                                                                std::function<void()> changed) {
  return changes_.listen(std::move(changed));
}

result<std::vector<recorded_event>> direct_application::events(const std::string& category,
                                                               position_t from, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  std::vector<recorded_event> found;
  for (const auto& event : log_) {
    if (event.stream.category != category || event.position < from) continue;
    // Whole commits: past the limit, only the rest of the last one.
    if (found.size() >= limit && found.back().position != event.position) break;
    found.push_back(event);
  }
  return found;
}

}  // namespace troupe::testkit
