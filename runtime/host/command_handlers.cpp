#include "runtime/host/command_handlers.hpp"

#include <algorithm>
#include <utility>

namespace troupe::host {
namespace {

constexpr auto idle_check_interval = std::chrono::seconds(1);

/// How many handlers one look at the clock may passivate, so that commands do not wait behind a
/// mass passivation.
constexpr std::size_t max_passivations_at_once = 1'000;

}  // namespace

command_handlers::command_handlers(caf::actor_config& config, card_ptr card,
                                   handler_environment environment, handler_limits limits,
                                   const actor_registry& registry, handler_counts& counts)
    : component(config, std::move(card)),
      environment_(std::move(environment)),
      limits_(limits),
      registry_(registry),
      counts_(counts) {
  set_down_handler([this](caf::down_msg& down) { on_down(down); });
}

caf::message_handler command_handlers::handlers() {
  delayed_send(this, idle_check_interval, tick{});
  return caf::message_handler{
      [](const sync&) {},  // Its own children are started on demand.
      [this](const deliver& message) { on_deliver(message.command); },
      [this](const settled& message) { on_settled(message); },
      [this](const handler_failed& message) {
        if (const auto found = slots_.find(message.id); found != slots_.end())
          found->second.last_error = message.what;
        registry_.report_failure(card()->path() + '/' + message.id, message.what);
      },
      [this](const tick&) {
        passivate_idle();
        delayed_send(this, idle_check_interval, tick{});
      },
      [this](const list_handlers& question) {
        std::vector<const slots::value_type*> behind;
        for (const auto& one : slots_) {
          if (one.first > question.after && one.first.starts_with(question.prefix))
            behind.push_back(&one);
        }
        const auto count = std::min(question.limit, behind.size());
        std::ranges::partial_sort(behind, behind.begin() + static_cast<std::ptrdiff_t>(count), {},
                                  [](const auto* one) -> const std::string& { return one->first; });
        std::vector<handler_info> listed;
        for (const auto* one : std::span(behind).first(count))
          listed.push_back(info_of(one->first, one->second));
        question.reply(std::move(listed));
      },
      [this](const inspect_handler& question) {
        const auto found = slots_.find(question.id);
        if (found == slots_.end()) {
          question.reply(std::nullopt);
          return;
        }
        auto info = info_of(found->first, found->second);
        if (found->second.handle) {
          auto forward = [reply = question.reply, info](json state) {
            reply(std::pair(info, std::move(state)));
          };
          caf::anon_send(found->second.handle,
                         describe{one_shot<json>(std::move(forward), nullptr)});
        } else {
          question.reply(std::pair(std::move(info), json(nullptr)));
        }
      },
      [this](const restart_handler& request) {
        const auto found = slots_.find(request.id);
        if (found != slots_.end()) {
          found->second.failures.clear();
          ++found->second.restarts;
          if (found->second.handle)
            send_exit(found->second.handle, caf::exit_reason::user_shutdown);
        }
        request.reply(found != slots_.end());
      },
  };
}

void command_handlers::on_exit() {
  for (auto& [id, one] : slots_) {
    if (one.handle) send_exit(one.handle, caf::exit_reason::user_shutdown);
  }
  counts_.resident = 0;
  slots_.clear();
  recency_.clear();
  ids_.clear();
  dropped_.clear();
}

void command_handlers::on_deliver(const pending_ptr& command) {
  const auto found = find_or_make(command->command().stream.id);
  auto& one = found->second;
  const auto refuse = [&](outcome_status status, std::string code, std::string detail,
                          int retry_after) {
    command_outcome outcome;
    outcome.status = status;
    outcome.stream = command->command().stream;
    outcome.command_id = command->command().context.command_id;
    outcome.code = std::move(code);
    outcome.detail = std::move(detail);
    outcome.retry_after = retry_after;
    command->complete(std::move(outcome));
  };
  if (one.in_flight >= limits_.max_in_flight_per_entity) {
    refuse(outcome_status::overloaded, "entity-overloaded",
           "more than " + std::to_string(limits_.max_in_flight_per_entity) +
               " commands wait for this entity; try again later",
           1);
    return;
  }
  if (refuses_after_failures(one)) {
    refuse(outcome_status::unavailable, "handler-failing",
           "the entity's command handler keeps failing: " + one.last_error,
           static_cast<int>(limits_.restart.window.count() / 1000) + 1);
    return;
  }
  if (one.handle && command->handler() == one.incarnation) {
    // This handler is the one that dropped it: it is going down, and would only drop it again.
    dropped_[found->first].push_back(command);
    return;
  }
  if (!one.handle) {
    if (!one.failures.empty()) ++one.restarts;
    one.incarnation = ++counts_.incarnations;
    one.handle = spawn<command_handler>(environment_, found->first);
    one.since = environment_.time->now();
    monitor(one.handle);
    ids_.emplace(one.handle.address(), found->first);
  }
  command->given_to(one.incarnation);
  ++one.in_flight;
  one.last_used = environment_.time->monotonic();
  recency_.splice(recency_.end(), recency_, one.recency);
  send(one.handle, handle{command});
  passivate_surplus();
}

command_handlers::slots::iterator command_handlers::find_or_make(const std::string& id) {
  const auto [found, fresh] = slots_.try_emplace(id);
  if (fresh) {
    found->second.recency = recency_.insert(recency_.end(), &found->first);
    counts_.resident.store(slots_.size(), std::memory_order_relaxed);
  }
  return found;
}

void command_handlers::on_settled(const settled& message) {
  const auto found = slots_.find(message.id);
  if (found == slots_.end()) return;
  auto& one = found->second;
  one.in_flight -= std::min(one.in_flight, message.commands);
  one.processed += message.commands;
  passivate_surplus();
}

void command_handlers::on_down(const caf::down_msg& down) {
  const auto known = ids_.find(down.source);
  if (known == ids_.end()) return;
  const auto found = slots_.find(known->second);
  ids_.erase(known);
  auto& one = found->second;
  one.handle = nullptr;
  one.in_flight = 0;
  one.since = environment_.time->now();
  if (down.reason != caf::exit_reason::user_shutdown)
    one.failures.push_back(environment_.time->monotonic());
  // What it still had to do is handed in again by the commands themselves; a new handler is made
  // for the next one.
  if (auto waiting = dropped_.extract(found->first)) {
    for (const auto& command : waiting.mapped()) on_deliver(command);
  }
}

bool command_handlers::refuses_after_failures(slot& one) const {
  const auto now = environment_.time->monotonic();
  std::erase_if(one.failures,
                [&](monotonic_time failed) { return now - failed > limits_.restart.window; });
  return one.failures.size() > limits_.restart.max_restarts;
}

void command_handlers::passivate(slots::iterator one) {
  if (one->second.handle) {
    demonitor(one->second.handle);
    ids_.erase(one->second.handle.address());
    send_exit(one->second.handle, caf::exit_reason::user_shutdown);
  }
  recency_.erase(one->second.recency);
  slots_.erase(one);
  counts_.resident.store(slots_.size(), std::memory_order_relaxed);
  ++passivated_;
}

void command_handlers::passivate_surplus() {
  // Busy ones are passed over; they are as many as the node's bound on commands in flight at most.
  auto next = recency_.begin();
  while (slots_.size() > limits_.max_resident && next != recency_.end()) {
    const auto candidate = slots_.find(**next++);
    if (candidate->second.in_flight > 0) continue;
    passivate(candidate);
    ++counts_.surplus;
  }
}

void command_handlers::passivate_idle() {
  const auto now = environment_.time->monotonic();
  std::size_t count = 0;
  auto next = recency_.begin();
  while (next != recency_.end() && count < max_passivations_at_once) {
    const auto candidate = slots_.find(**next++);
    if (now - candidate->second.last_used < limits_.idle_timeout) return;
    if (candidate->second.in_flight > 0) continue;
    passivate(candidate);
    ++counts_.idled;
    ++count;
  }
}

handler_info command_handlers::info_of(const std::string& id, const slot& one) {
  return {id,
          one.handle ? "running" : "stopped",
          one.in_flight,
          one.processed,
          one.restarts,
          one.last_error,
          one.since};
}

json command_handlers::state() const {
  return {{"category", environment_.category},
          {"resident", slots_.size()},
          {"maxResident", limits_.max_resident},
          {"maxInFlightPerEntity", limits_.max_in_flight_per_entity},
          {"idleTimeoutMs", limits_.idle_timeout.count()},
          {"passivated", passivated_}};
}

}  // namespace troupe::host
