#include "runtime/node/forwarder.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "runtime/core/made_id.hpp"
#include "runtime/node/command_message.hpp"

namespace troupe {
namespace {

const std::string question = "command";

/// How long the owner of a command without a deadline may take.
constexpr std::chrono::seconds longest_wait{10};

metric_counter& counter(metric_registry& metrics, const char* result) {
  return metrics.counter("troupe_commands_forwarded_total",
                         "Commands for entities that another node owns, by what came of the "
                         "request to it.",
                         {{"result", result}});
}

metric_counter& received_counter(metric_registry& metrics) {
  return metrics.counter("troupe_commands_received_total",
                         "Commands that other nodes sent to this one.");
}

metric_histogram& duration_histogram(metric_registry& metrics) {
  return metrics.histogram("troupe_forward_duration_seconds",
                           "From the request to the owner's answer.");
}

/// The last quarter of the time is kept for finding out what became of the command.
monotonic_time until(const command& one, monotonic_time now) {
  if (one.deadline == monotonic_time::max()) return now + longest_wait;
  return now + (one.deadline - now) * 3 / 4;
}

/// Whether "nothing was stored" was said of this node's attempt alone.
bool leaves_open(outcome_status status) {
  return status == outcome_status::unavailable || status == outcome_status::overloaded ||
         status == outcome_status::conflict || status == outcome_status::failed;
}

}  // namespace

void forwarder::register_metrics(metric_registry& metrics) {
  for (const char* result : {"answered", "undelivered", "resolved"}) counter(metrics, result);
  received_counter(metrics);
  duration_histogram(metrics);
}

forwarder::forwarder(cluster& nodes, const clock& time, metric_registry& metrics)
    : nodes_(nodes),
      clock_(time),
      answered_(counter(metrics, "answered")),
      undelivered_(counter(metrics, "undelivered")),
      resolved_(counter(metrics, "resolved")),
      received_(received_counter(metrics)),
      duration_(duration_histogram(metrics)),
      changes_(nodes_.on_change([this] { give_up_on_the_gone(); })) {}

forwarder::~forwarder() {
  changes_.reset();
  std::map<std::uint64_t, std::unique_ptr<sent>> open;
  {
    const std::lock_guard lock(mutex_);
    open = std::exchange(sent_, {});
  }
  for (auto& [number, one] : open) {
    command_outcome outcome;
    outcome.status = outcome_status::in_doubt;
    outcome.stream = std::move(one->what.stream);
    outcome.command_id = std::move(one->what.context.command_id);
    outcome.detail = "the node is stopping";
    one->done(std::move(outcome));
  }
}

void forwarder::accept(take_in received) {
  nodes_.serve(question, [this, received = std::move(received)](message_bus::message asked) {
    auto request = decode_command(asked.body, clock_.monotonic());
    if (!request) {
      // No node of this version sent it. Whoever did makes nothing of this answer, and goes on.
      asked.answer("");
      return;
    }
    received_.increment();
    received(std::move(*request),
             [answer = std::move(asked.answer)](const command_outcome& outcome) {
               answer(to_json(outcome).dump(-1, ' ', false, json::error_handler_t::replace));
             });
  });
}

void forwarder::forward(command one, completion done, carry_out here) {
  auto owner = nodes_.owner_of(one.stream.name());
  if (!nodes_.knows(owner)) {  // This node, by now.
    here(std::move(one), std::move(done));
    return;
  }
  // Two nodes may carry it out, and only a claimed id keeps them apart. An id under which this node
  // may have stored it stays.
  if (!one.id_given) one.context.command_id = without_mark(std::move(one.context.command_id));
  const auto now = clock_.monotonic();
  const auto body = encode(one, now);
  const auto deadline = until(one, now);
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    number = ++next_;
    sent_.emplace(number, std::make_unique<sent>(
                              sent{std::move(one), std::move(done), std::move(here), owner, now}));
  }
  nodes_.ask(owner, question, body, deadline,
             [this, number](const result<std::string>& answer) { on_answer(number, answer); });
  // It may have gone before this was among what is sent.
  if (!nodes_.knows(owner)) give_up_on_the_gone();
}

void forwarder::on_answer(std::uint64_t number, const result<std::string>& answer) {
  auto one = take(number);
  if (!one) return;
  if (answer) {
    const auto parsed = parse_json(*answer);
    auto outcome = parsed ? outcome_from_json(*parsed) : result<command_outcome>(parsed.error());
    if (!outcome) {
      resolve(std::move(one));
      return;
    }
    answered_.increment();
    duration_.observe(std::chrono::duration<double>(clock_.monotonic() - one->begun).count());
    one->done(std::move(*outcome));
    return;
  }
  if (answer.error().code == errc::in_doubt) {
    resolve(std::move(one));
    return;
  }
  undelivered_.increment();
  if (answer.error().code == errc::not_found) nodes_.suspect(one->owner);
  one->here(std::move(one->what), std::move(one->done));
}

std::unique_ptr<forwarder::sent> forwarder::take(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  auto found = sent_.extract(number);
  return found ? std::move(found.mapped()) : nullptr;
}

void forwarder::resolve(std::unique_ptr<sent> one) {
  resolved_.increment();
  one->what.id_given = true;
  one->here(std::move(one->what), [done = std::move(one->done)](command_outcome outcome) {
    if (leaves_open(outcome.status)) {
      outcome.status = outcome_status::in_doubt;
      outcome.detail = "the node that owns the entity did not answer, and here: " + outcome.detail;
    }
    done(std::move(outcome));
  });
}

void forwarder::give_up_on_the_gone() {
  std::vector<std::unique_ptr<sent>> gone;
  {
    const std::lock_guard lock(mutex_);
    for (auto at = sent_.begin(); at != sent_.end();) {
      if (nodes_.knows(at->second->owner)) {
        ++at;
        continue;
      }
      gone.push_back(std::move(at->second));
      at = sent_.erase(at);
    }
  }
  for (auto& one : gone) resolve(std::move(one));
}

}  // namespace troupe
