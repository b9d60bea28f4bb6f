#include "bridges/http/interruptible_application.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <iterator>
#include <list>
#include <mutex>
#include <string>
#include <utility>

namespace troupe::http {
namespace {

/// How long a wait for a view may go on after `interrupt`.
constexpr std::chrono::milliseconds attention{100};

struct call;
using call_ptr = std::shared_ptr<call>;
using calls_in_order = std::list<call_ptr>;

/// A command whose caller waits. Whoever takes it off the list gives the answer.
struct call {
  completion done;
  stream_id stream;
  std::string command_id;
  monotonic_time deadline;
  calls_in_order::iterator place;
  bool listed = false;
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

void tell_unknown(call& ended, const char* why) {
  command_outcome outcome;
  outcome.status = outcome_status::in_doubt;
  outcome.stream = std::move(ended.stream);
  outcome.command_id = std::move(ended.command_id);
  outcome.detail = std::string(why) + "; ask again with the same Idempotency-Key";
  outcome.retry_after = 1;
  ended.done(std::move(outcome));
}

}  // namespace

struct interruptible_application::waiting {
  std::mutex mutex;
  calls_in_order calls;  ///< The one that ends first is the first.
  bool interrupted = false;
  std::condition_variable changed;
  monotonic_time next_look = monotonic_time::max();  ///< When `keep_time` looks next.
  bool ending = false;

  /// Behind all that end no later; looks for the place from the back, since deadlines mostly grow.
  void add(const call_ptr& one) {
    auto place = calls.end();
    while (place != calls.begin() && (*std::prev(place))->deadline > one->deadline) --place;
    one->place = calls.insert(place, one);
    one->listed = true;
    if (one->deadline < next_look) {
      next_look = one->deadline;
      changed.notify_one();
    }
  }

  /// False if somebody else has taken it off.
  bool take_off(call& one) {
    const std::lock_guard lock(mutex);
    if (!std::exchange(one.listed, false)) return false;
    calls.erase(one.place);
    return true;
  }

  /// Takes off all up to this place. Under the lock.
  calls_in_order take_off_until(calls_in_order::iterator end) {
    calls_in_order taken;
    taken.splice(taken.end(), calls, calls.begin(), end);
    for (const auto& one : taken) one->listed = false;
    return taken;
  }

  void keep_time() {
    std::unique_lock lock(mutex);
    while (!ending) {
      if (next_look == monotonic_time::max()) {
        changed.wait(lock);
      } else {
        changed.wait_until(lock, next_look);
      }
      const auto now = std::chrono::steady_clock::now();
      const auto late = take_off_until(
          std::ranges::find_if(calls, [&](const call_ptr& one) { return one->deadline > now; }));
      next_look = calls.empty() ? monotonic_time::max() : calls.front()->deadline;
      lock.unlock();
      for (const auto& one : late)
        tell_unknown(*one, "the outcome was not known before the deadline");
      lock.lock();
    }
  }
};

interruptible_application::interruptible_application(application& behind)
    : behind_(behind),
      waiting_(std::make_shared<waiting>()),
      timekeeper_([shared = waiting_] { shared->keep_time(); }) {}

interruptible_application::~interruptible_application() {
  interrupt();
  {
    const std::lock_guard lock(waiting_->mutex);
    waiting_->ending = true;
    waiting_->changed.notify_one();
  }
  timekeeper_.join();
}

void interruptible_application::interrupt() {
  calls_in_order ended;
  {
    const std::lock_guard lock(waiting_->mutex);
    waiting_->interrupted = true;
    ended = waiting_->take_off_until(waiting_->calls.end());
  }
  for (const auto& one : ended) tell_unknown(*one, "the node is stopping");
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
  made->deadline = request.deadline;
  bool too_late = false;
  {
    const std::lock_guard lock(waiting_->mutex);
    too_late = waiting_->interrupted;
    if (!too_late) waiting_->add(made);
  }
  if (too_late) {
    made->done(stopping(std::move(made->stream), std::move(made->command_id)));
    return;
  }
  try {
    behind_.submit(std::move(request), [made, shared = waiting_](command_outcome outcome) {
      if (shared->take_off(*made)) made->done(std::move(outcome));
    });
  } catch (...) {  // Features' code may throw while the command is checked.
    if (waiting_->take_off(*made)) throw;
  }
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
    const auto until = std::min(deadline, std::chrono::steady_clock::now() + attention);
    if (behind_.await_view(view, position, until)) return true;
    // An answer before its time: this view will not get there.
    if (until == deadline || std::chrono::steady_clock::now() < until) return false;
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
