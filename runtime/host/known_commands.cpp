#include "runtime/host/known_commands.hpp"

#include <utility>

namespace troupe::host {

result<command_outcome> outcome_of(const recorded_commit& stored) {
  auto events = decode(stored);
  if (!events) return std::move(events).error();
  command_outcome outcome;
  outcome.status = outcome_status::accepted;
  outcome.stream = stored.data.stream;
  outcome.command_id = stored.data.command_id;
  outcome.version = stored.data.last_version();
  outcome.position = stored.position;
  for (const auto& event : *events)
    outcome.events.push_back({event.event.id, event.event.type, event.version});
  return outcome;
}

result<std::optional<known_command>> find_known(event_log& log, const std::string& command_id) {
  auto stored = log.find_command(command_id);
  if (!stored) return std::move(stored).error();
  if (*stored) {
    auto outcome = outcome_of(**stored);
    if (!outcome) return std::move(outcome).error();
    return std::optional(known_command{(*stored)->data.digest, std::move(*outcome)});
  }
  auto kept = log.find_outcome(command_id);
  if (!kept) return std::move(kept).error();
  if (*kept) return std::optional(known_command{(*kept)->digest, std::move((*kept)->outcome)});
  return std::optional<known_command>();
}

command_outcome answer_again(const known_command& known, const command& repeated) {
  return known.digest == repeated.digest() ? known.outcome : refuse_reuse(repeated);
}

command_outcome refuse_reuse(const command& repeated) {
  command_outcome refused;
  refused.status = outcome_status::id_reused;
  refused.stream = repeated.stream;
  refused.command_id = repeated.context.command_id;
  refused.detail =
      "this command id was already used for another command; use a new Idempotency-Key";
  return refused;
}

}  // namespace troupe::host
