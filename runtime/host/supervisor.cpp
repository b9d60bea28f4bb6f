#include "runtime/host/supervisor.hpp"

#include <algorithm>
#include <utility>

namespace troupe::host {

supervisor::supervisor(caf::actor_config& config, card_ptr card, actor_registry& registry,
                       std::vector<child_spec> children, bool root)
    : component(config, std::move(card)),
      registry_(registry),
      root_(root),
      random_(std::random_device{}()) {
  children_.reserve(children.size());
  for (auto& spec : children) add(std::move(spec));
  set_down_handler([this](caf::down_msg& down) {
    for (auto& one : children_) {
      if (one.handle && one.handle.address() == down.source) {
        child_down(one, down.reason);
        return;
      }
    }
  });
  set_exit_handler([this](caf::exit_msg& message) {
    stopping_ = true;
    stop_reason_ = message.reason;
    stop_next();
  });
}

std::string supervisor::child_path(const std::string& path, const std::string& name) {
  return path == "/" ? path + name : path + '/' + name;
}

caf::message_handler supervisor::handlers() {
  for (auto& one : children_) start(one);
  return caf::message_handler{
      [this](const restart_child& message) {
        auto* one = by_name(message.name);
        if (one == nullptr || stopping_) return;
        registry_.set_given_up(std::nullopt);
        one->failures.clear();
        one->in_a_row = 0;
        if (one->handle) {
          one->asked_to_restart = true;
          send_exit(one->handle, caf::exit_reason::user_shutdown);
        } else {
          one->card->count_restart();
          start(*one);
        }
      },
      [this](const adopt& message) {
        if (stopping_) return;
        add(*message.spec);
        start(children_.back());
      },
      [this](const sync& message) {
        // Answered when the last copy of the message is gone.
        for (const auto& one : children_) {
          if (one.handle && one.spec.kind == "supervisor") send(one.handle, message);
        }
      },
      [this](const restart_due& message) {
        auto* one = by_name(message.name);
        if (one == nullptr || stopping_ || one->handle || one->failure != message.failure) return;
        one->card->count_restart();
        start(*one);
      },
  };
}

json supervisor::state() const {
  json listed = json::array();
  for (const auto& one : children_) {
    listed.push_back({{"name", one.spec.name},
                      {"kind", one.spec.kind},
                      {"status", to_string(one.card->read().status)},
                      {"recentFailures", one.failures.size()},
                      {"maxRestarts", one.spec.policy.max_restarts},
                      {"windowMs", one.spec.policy.window.count()},
                      {"minDelayMs", one.spec.policy.min_delay.count()},
                      {"maxDelayMs", one.spec.policy.max_delay.count()}});
  }
  return {{"strategy", "one-for-one"}, {"children", std::move(listed)}};
}

void supervisor::on_exit() {
  // However it ends, nobody else would ever stop its children.
  for (const auto& one : children_) {
    if (one.handle) send_exit(one.handle, caf::exit_reason::user_shutdown);
  }
}

void supervisor::add(child_spec spec) {
  auto child_card = registry_.card(child_path(card()->path(), spec.name), spec.kind);
  children_.push_back({std::move(spec), std::move(child_card), nullptr, {}, 0, 0, false});
}

void supervisor::start(child& one) {
  ++one.failure;
  one.handle = one.spec.start(*this, one.card);
  monitor(one.handle);
  one.card->started(one.handle, registry_.time().now());
}

void supervisor::child_down(child& one, const caf::error& reason) {
  one.handle = nullptr;
  if (stopping_) {
    one.card->ended(actor_status::stopped, registry_.time().now());
    stop_next();
  } else if (std::exchange(one.asked_to_restart, false)) {
    one.card->ended(actor_status::restarting, registry_.time().now());
    one.card->count_restart();
    start(one);
  } else {
    if (one.card->read().last_error.empty()) one.card->record_error(system().render(reason));
    child_failed(one);
  }
}

void supervisor::child_failed(child& one) {
  const auto seen = one.card->read();
  registry_.report_failure(one.card->path(), {seen.last_error, seen.last_trace_id});
  const auto now = registry_.time().monotonic();
  const auto& policy = one.spec.policy;
  if (!one.failures.empty() && now - one.failures.back() > policy.window) one.in_a_row = 0;
  while (!one.failures.empty() && now - one.failures.front() > policy.window)
    one.failures.pop_front();
  if (one.failures.size() >= policy.max_restarts) {
    give_up(one);
    return;
  }
  one.failures.push_back(now);
  one.card->ended(actor_status::restarting, registry_.time().now());
  const auto delay = policy.delay(one.in_a_row++, std::uniform_real_distribution<>(0, 1)(random_));
  const restart_due due{one.spec.name, ++one.failure};
  if (delay.count() == 0) {
    send(this, due);
  } else {
    delayed_send(this, delay, due);
  }
}

void supervisor::give_up(child& one) {
  const auto reason = "gave up on " + one.card->path() + " after " +
                      std::to_string(one.failures.size()) + " restarts within " +
                      std::to_string(one.spec.policy.window.count()) +
                      " ms: " + one.card->read().last_error;
  one.card->ended(actor_status::failed, registry_.time().now());
  card()->record_error(reason);
  if (root_) {
    registry_.set_given_up(reason);
    return;
  }
  stopping_ = true;
  stop_reason_ = caf::sec::runtime_error;
  stop_next();
}

void supervisor::stop_next() {
  // Later children may depend on earlier ones, so the last one goes first, and each is gone before
  // the next is told.
  const auto last = std::find_if(children_.rbegin(), children_.rend(),
                                 [](const child& one) { return bool(one.handle); });
  if (last == children_.rend()) {
    quit(stop_reason_);
  } else {
    send_exit(last->handle, caf::exit_reason::user_shutdown);
  }
}

supervisor::child* supervisor::by_name(const std::string& name) {
  const auto found =
      std::ranges::find_if(children_, [&](const child& one) { return one.spec.name == name; });
  return found == children_.end() ? nullptr : &*found;
}

child_spec supervisor_spec(std::string name, actor_registry& registry, restart_policy policy,
                           std::vector<child_spec> children) {
  return {std::move(name), "supervisor", policy,
          [&registry, children = std::move(children)](caf::event_based_actor& parent,
                                                      card_ptr card) -> caf::actor {
            return parent.spawn<supervisor>(std::move(card), registry, children, false);
          }};
}

}  // namespace troupe::host
