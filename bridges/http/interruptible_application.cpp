#include "bridges/http/interruptible_application.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <unordered_set>
#include <utility>

namespace troupe::http {
namespace {

/// How long a wait for a view may go on after `interrupt`.
constexpr std::chrono::milliseconds attention{100};

/// A command whose caller waits. Whoever sets `answered` first gives the answer.
struct call {
  std::atomic<bool> answered{false};
  completion done;
  stream_id stream;
  std::string command_id;
};

command_outcome stopping(stream_id stream, std::string command_id) {
  command_outcome refused;
  refused.status = outcome_status::overloaded;
  refused.stream = std::move(stream);
  refused.command_id = std::move(command_id);
  refused.code = "stopping";
  refused.detail = "the node is stopping; try again";
  refused.retry_after = 1;
  return refused;
}

void tell_interrupted(call& ended) {
  if (ended.answered.exchange(true)) return;
  command_outcome outcome;
  outcome.status = outcome_status::in_doubt;
  outcome.stream = std::move(ended.stream);
  outcome.command_id = std::move(ended.command_id);
  outcome.detail = "the node is stopping; ask again with the same Idempotency-Key";
  outcome.retry_after = 1;
  ended.done(std::move(outcome));
}

}  // namespace

struct interruptible_application::waiting {
  std::mutex mutex;
  std::unordered_set<std::shared_ptr<call>> calls;
  bool interrupted = false;
};

interruptible_application::interruptible_application(application& behind)
    : behind_(behind), waiting_(std::make_shared<waiting>()) {}

interruptible_application::~interruptible_application() { interrupt(); }

void interruptible_application::interrupt() {
  std::unordered_set<std::shared_ptr<call>> ended;
  {
    const std::lock_guard lock(waiting_->mutex);
    waiting_->interrupted = true;
    ended.swap(waiting_->calls);
  }
  for (const auto& one : ended) tell_interrupted(*one);
}

void interruptible_application::resume() {
  const std::lock_guard lock(waiting_->mutex);
  waiting_->interrupted = false;
}

void interruptible_application::submit(command_request request, completion done) {
  auto made = std::make_shared<call>();
  made->done = std::move(done);
  made->stream = {request.category, request.id};
  made->command_id = request.context.command_id;
  bool too_late = false;
  {
    const std::lock_guard lock(waiting_->mutex);
    too_late = waiting_->interrupted;
    if (!too_late) waiting_->calls.insert(made);
  }
  if (too_late) {
    made->done(stopping(std::move(made->stream), std::move(made->command_id)));
    return;
  }
  behind_.submit(std::move(request), [made, shared = waiting_](command_outcome outcome) {
    {
      const std::lock_guard lock(shared->mutex);
      shared->calls.erase(made);
    }
    if (!made->answered.exchange(true)) made->done(std::move(outcome));
  });
}

std::optional<command_outcome> interruptible_application::take_in(command_request request) {
  {
    const std::lock_guard lock(waiting_->mutex);
    if (waiting_->interrupted) {
      return stopping({request.category, request.id}, request.context.command_id);
    }
  }
  return behind_.take_in(std::move(request));
}

result<std::optional<command_outcome>> interruptible_application::outcome_of(
    const std::string& command_id) {
  return behind_.outcome_of(command_id);
}

bool interruptible_application::await_view(const std::string& view, position_t position,
                                           monotonic_time deadline) {
  for (;;) {
    const auto now = std::chrono::steady_clock::now();
    if (behind_.await_view(view, position, std::min(deadline, now + attention))) return true;
    if (now >= deadline) return false;
    const std::lock_guard lock(waiting_->mutex);
    if (waiting_->interrupted) return false;
  }
}

result<std::optional<json>> interruptible_application::view_row(const std::string& view,
                                                                const std::string& key) {
  return behind_.view_row(view, key);
}

result<view_page> interruptible_application::view_rows(const std::string& view,
                                                       const view_query& query) {
  return behind_.view_rows(view, query);
}

result<position_t> interruptible_application::view_position(const std::string& view) {
  return behind_.view_position(view);
}

result<std::string> interruptible_application::view_category(const std::string& view) {
  return behind_.view_category(view);
}

result<std::unique_ptr<watch>> interruptible_application::watch_view(
    const std::string& view, std::function<void()> changed) {
  return behind_.watch_view(view, std::move(changed));
}

result<std::unique_ptr<watch>> interruptible_application::watch_events(
    const std::string& category, std::function<void()> changed) {
  return behind_.watch_events(category, std::move(changed));
}

result<std::vector<recorded_event>> interruptible_application::events(const std::string& category,
                                                                      position_t from,
                                                                      std::size_t limit) {
  return behind_.events(category, from, limit);
}

}  // namespace troupe::http
