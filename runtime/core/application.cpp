#include "runtime/core/application.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>

namespace troupe {
namespace {

/// Where a waiting thread and the completion meet; outlives whichever of them comes last.
struct rendezvous {
  std::mutex mutex;
  std::condition_variable arrived;
  std::optional<command_outcome> outcome;
};

}  // namespace

command_outcome application::execute(command_request request) {
  const auto deadline = request.deadline;
  command_outcome late;
  late.command_id = request.context.command_id;
  late.stream = {request.category, request.id};
  late.detail =
      "the outcome was not known before the deadline; ask again with the same Idempotency-Key";

  auto meeting = std::make_shared<rendezvous>();
  submit(std::move(request), [meeting](command_outcome outcome) {
    const std::lock_guard lock(meeting->mutex);
    meeting->outcome = std::move(outcome);
    meeting->arrived.notify_one();
  });
  std::unique_lock lock(meeting->mutex);
  const auto known = [&] { return meeting->outcome.has_value(); };
  if (deadline == monotonic_time::max()) {
    meeting->arrived.wait(lock, known);
  } else if (!meeting->arrived.wait_until(lock, deadline, known)) {
    return late;
  }
  return std::move(*meeting->outcome);
}

}  // namespace troupe
