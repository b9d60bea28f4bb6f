#include "runtime/host/command_handlers.hpp"

#include <algorithm>
#include <utility>

namespace troupe::host {
namespace {

constexpr auto idle_check_interval = std::chrono::seconds(1);

/// How many handlers one look at the clock may passivate or put to rest, so that commands do not
/// wait behind a mass of them.
constexpr std::size_t max_swept_at_once = 1'000;

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
      [this](const rested& message) { on_rested(message); },
      [this](const handler_failed& message) {
        if (const auto found = slots_.find(message.id); found != slots_.end())
          trouble_of(*found->second).last_error = message.why.what;
        registry_.report_failure(card()->path() + '/' + message.id, message.why);
      },
      [this](const tick&) {
        sweep_idle();
        delayed_send(this, idle_check_interval, tick{});
      },
      [this](const hand_over&) { begin_hand_over(); },
      [this](const hand_over_rest& message) { continue_hand_over(message.ids); },
      [this](const list_handlers& question) { list(question); },
      [this](const inspect_handler& question) { inspect(question); },
      [this](const restart_handler& request) { request.reply(restart(request.id)); },
  };
}

void command_handlers::on_exit() {
  for (const auto* awake : {&busy_, &idle_}) {
    for (const auto& one : *awake) send_exit(one.handle, caf::exit_reason::user_shutdown);
  }
  counts_.resident = 0;
  counts_.awake = 0;
  slots_.clear();
  monitored_.clear();
  for (auto* all : {&busy_, &idle_, &leaving_, &at_rest_}) all->clear();
  parked_.clear();
}

void command_handlers::on_deliver(const pending_ptr& command) {
  const auto at = find_or_make(command->command().stream.id);
  auto& one = *at;
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
           "the entity's command handler keeps failing: " + one.trouble->last_error,
           static_cast<int>(limits_.restart.window.count() / 1000) + 1);
    return;
  }
  if (one.in == &leaving_) {
    ++one.in_flight;
    parked_[one.id].commands.push_back(command);
    return;
  }
  if (one.handle && command->handler() == one.incarnation) {
    // This handler is the one that dropped it: it is going down, and would only drop it again.
    parked_[one.id].commands.push_back(command);
    return;
  }
  if (!one.handle) start(at);
  command->given_to(one.incarnation);
  ++one.in_flight;
  move(at, busy_);
  send(one.handle, handle{command});
  keep_bounds();
}

command_handlers::place command_handlers::find_or_make(const std::string& id) {
  if (const auto found = slots_.find(id); found != slots_.end()) return found->second;
  const auto made = at_rest_.emplace(at_rest_.end());
  made->id = id;
  made->in = &at_rest_;
  slots_.emplace(made->id, made);
  counts_.resident.store(slots_.size(), std::memory_order_relaxed);
  return made;
}

void command_handlers::start(place one) {
  if (one->trouble && std::exchange(one->trouble->crashed, false)) ++one->trouble->restarts;
  one->incarnation = ++counts_.incarnations;
  one->handle = spawn<command_handler>(environment_, one->id, one->incarnation,
                                       std::exchange(one->entity, {}));
  one->since = environment_.time->now();
  monitor(one->handle);
  monitored_.emplace(one->handle.address(), one);
}

void command_handlers::on_settled(const settled& message) {
  const auto found = slots_.find(message.id);
  if (found == slots_.end()) return;
  auto& one = *found->second;
  one.processed += message.commands;
  // A handler's end may be known before its last words have come.
  if (one.incarnation != message.incarnation || one.in != &busy_) return;
  one.in_flight -= message.commands;
  if (one.in_flight > 0) return;
  one.idle_since = environment_.time->monotonic();
  move(found->second, idle_);
  if (!hand_over_if_elsewhere(found->second)) keep_bounds();
}

void command_handlers::on_down(const caf::down_msg& down) {
  const auto known = monitored_.find(down.source);
  if (known == monitored_.end()) return;
  const auto one = known->second;
  monitored_.erase(known);
  one->idle_since = environment_.time->monotonic();
  if (down.reason != caf::exit_reason::user_shutdown) {
    auto& trouble = trouble_of(*one);
    trouble.failures.push_back(one->idle_since);
    trouble.crashed = true;
  }
  gone(one);
}

void command_handlers::on_rested(const rested& message) {
  const auto found = slots_.find(message.id);
  if (found == slots_.end()) return;
  auto& one = *found->second;
  if (one.incarnation != message.incarnation || one.in != &leaving_) return;
  if (message.entity) one.entity = std::move(*message.entity);
  const auto at = found->second;
  gone(at);
  if (!hand_over_if_elsewhere(at)) keep_bounds();
}

void command_handlers::put_to_rest(place one) {
  demonitor(one->handle);
  monitored_.erase(one->handle.address());
  auto back = [supervisor = card(), id = one->id,
               incarnation = one->incarnation](std::shared_ptr<loaded_entity> entity) {
    supervisor->tell(rested{id, incarnation, std::move(entity)});
  };
  send(one->handle, rest{one_shot<std::shared_ptr<loaded_entity>>(std::move(back), nullptr)});
  one->handle = nullptr;
  move(one, leaving_);
  counts_.rested.fetch_add(1, std::memory_order_relaxed);
}

void command_handlers::gone(place one) {
  one->handle = nullptr;
  one->in_flight = 0;
  one->since = environment_.time->now();
  move(one, at_rest_);
  auto waiting = parked_.extract(one->id);
  if (!waiting) return;
  for (const auto& command : waiting.mapped().commands) on_deliver(command);
  for (const auto& question : waiting.mapped().questions) inspect(question);
}

bool command_handlers::refuses_after_failures(slot& one) const {
  if (!one.trouble) return false;
  const auto now = environment_.time->monotonic();
  std::erase_if(one.trouble->failures,
                [&](monotonic_time failed) { return now - failed > limits_.restart.window; });
  return one.trouble->failures.size() > limits_.restart.max_restarts;
}

command_handlers::record& command_handlers::trouble_of(slot& one) {
  if (!one.trouble) one.trouble = std::make_unique<record>();
  return *one.trouble;
}

void command_handlers::move(place one, slots& to) {
  to.splice(to.end(), *one->in, one);
  one->in = &to;
  counts_.awake.store(busy_.size() + idle_.size(), std::memory_order_relaxed);
}

void command_handlers::passivate(place one) {
  if (one->handle) {
    demonitor(one->handle);
    monitored_.erase(one->handle.address());
    send_exit(one->handle, caf::exit_reason::user_shutdown);
  }
  slots_.erase(one->id);
  one->in->erase(one);
  counts_.resident.store(slots_.size(), std::memory_order_relaxed);
  counts_.awake.store(busy_.size() + idle_.size(), std::memory_order_relaxed);
  ++passivated_;
}

void command_handlers::keep_bounds() {
  // Those at rest were used less recently than those awake. The busy ones stay; they are as many as
  // the node's bound on commands in flight at most.
  for (auto* from : {&at_rest_, &idle_}) {
    while (slots_.size() > limits_.max_resident && !from->empty()) {
      passivate(from->begin());
      ++counts_.surplus;
    }
  }
  while (busy_.size() + idle_.size() > limits_.max_awake && !idle_.empty())
    put_to_rest(idle_.begin());
}

void command_handlers::sweep_idle() {
  const auto now = environment_.time->monotonic();
  std::size_t count = 0;
  const auto has_idled = [&](const slots& all, std::chrono::milliseconds for_long) {
    return !all.empty() && now - all.front().idle_since >= for_long;
  };
  for (auto* from : {&at_rest_, &idle_}) {
    for (; count < max_swept_at_once && has_idled(*from, limits_.idle_timeout); ++count) {
      passivate(from->begin());
      ++counts_.idled;
    }
  }
  for (; count < max_swept_at_once && has_idled(idle_, limits_.rest_after); ++count)
    put_to_rest(idle_.begin());
}

void command_handlers::begin_hand_over() {
  auto ids = std::make_shared<std::vector<std::string>>();
  for (const auto* from : {&idle_, &at_rest_}) {
    for (const auto& one : *from) {
      if (environment_.is_elsewhere(one.id)) ids->push_back(one.id);
    }
  }
  continue_hand_over(ids);
}

void command_handlers::continue_hand_over(const std::shared_ptr<std::vector<std::string>>& ids) {
  for (std::size_t count = 0; count < max_swept_at_once && !ids->empty(); ++count) {
    if (const auto found = slots_.find(ids->back()); found != slots_.end())
      hand_over_if_elsewhere(found->second);
    ids->pop_back();
  }
  // Commands must not wait behind a mass of them.
  if (!ids->empty()) send(this, hand_over_rest{ids});
}

bool command_handlers::hand_over_if_elsewhere(place one) {
  const bool without_commands = one->in == &idle_ || one->in == &at_rest_;
  if (!without_commands || !environment_.is_elsewhere(one->id)) return false;
  passivate(one);
  counts_.moved.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void command_handlers::list(const list_handlers& question) const {
  std::vector<const slot*> behind;
  for (const auto& [id, at] : slots_) {
    if (id > question.after && id.starts_with(question.prefix)) behind.push_back(&*at);
  }
  const auto count = std::min(question.limit, behind.size());
  std::ranges::partial_sort(behind, behind.begin() + static_cast<std::ptrdiff_t>(count), {},
                            [](const slot* one) -> const std::string& { return one->id; });
  std::vector<handler_info> listed;
  for (const auto* one : std::span(behind).first(count)) listed.push_back(info_of(*one));
  question.reply(std::move(listed));
}

void command_handlers::inspect(const inspect_handler& question) {
  const auto found = slots_.find(question.id);
  if (found == slots_.end()) {
    question.reply(std::nullopt);
    return;
  }
  const auto& one = *found->second;
  if (one.in == &leaving_) {
    parked_[one.id].questions.push_back(question);
    return;
  }
  auto info = info_of(one);
  if (one.handle) {
    auto forward = [reply = question.reply, info](json state) {
      reply(std::pair(info, std::move(state)));
    };
    caf::anon_send(one.handle, describe{one_shot<json>(std::move(forward), nullptr)});
    return;
  }
  json state;
  if (one.entity.state) state = shown({environment_.category, one.id}, one.entity, "resting", 0, 0);
  question.reply(std::pair(std::move(info), std::move(state)));
}

bool command_handlers::restart(const std::string& id) {
  const auto found = slots_.find(id);
  if (found == slots_.end()) return false;
  auto& one = *found->second;
  auto& trouble = trouble_of(one);
  trouble.failures.clear();
  trouble.crashed = false;
  ++trouble.restarts;
  one.entity = {};
  if (one.handle) {
    send_exit(one.handle, caf::exit_reason::user_shutdown);
  } else if (one.in == &leaving_) {
    gone(found->second);  // What it gives back comes too late.
  }
  return true;
}

handler_info command_handlers::info_of(const slot& one) const {
  const char* status = one.in != &at_rest_ ? "running" : one.entity.state ? "resting" : "stopped";
  handler_info info{one.id, status, one.in_flight, one.processed, 0, "", one.since};
  if (one.trouble) {
    info.restarts = one.trouble->restarts;
    info.last_error = one.trouble->last_error;
  }
  return info;
}

json command_handlers::state() const {
  return {{"category", environment_.category},
          {"resident", slots_.size()},
          {"awake", busy_.size() + idle_.size()},
          {"maxResident", limits_.max_resident},
          {"maxAwake", limits_.max_awake},
          {"maxInFlightPerEntity", limits_.max_in_flight_per_entity},
          {"idleTimeoutMs", limits_.idle_timeout.count()},
          {"restAfterMs", limits_.rest_after.count()},
          {"passivated", passivated_}};
}

}  // namespace troupe::host
