#include "runtime/node/gateway.hpp"

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>

#include "runtime/core/ids.hpp"
#include "runtime/core/made_id.hpp"
#include "runtime/host/known_commands.hpp"
#include "runtime/node/commit_reader.hpp"
#include "runtime/node/limits.hpp"

namespace troupe {
namespace {

const std::string unknown_category = "unknown";

}  // namespace

error no_category(const std::string& category) {
  return {errc::not_found, "there is no category '" + category + "'"};
}

gateway::tally::tally(metric_registry& metrics, std::string of_category)
    : category(std::move(of_category)),
      duration(metrics.histogram("troupe_command_duration_seconds",
                                 "From the bridge to the outcome.", {{"category", category}})) {}

metric_counter& gateway::tally::counter(metric_registry& metrics, outcome_status status) {
  auto& slot = by_status.at(static_cast<std::size_t>(status));
  auto* known = slot.load(std::memory_order_acquire);
  if (known == nullptr) {
    known = &metrics.counter("troupe_commands_total", "Commands by outcome.",
                             {{"category", category}, {"status", to_string(status)}});
    slot.store(known, std::memory_order_release);
  }
  return *known;
}

gateway::gateway(const std::vector<feature>& features, event_log& log, host::engine& engine,
                 const clock& time, metric_registry& metrics, std::size_t max_in_flight)
    : log_(log),
      engine_(engine),
      clock_(time),
      metrics_(metrics),
      policy_(features),
      under_way_(max_in_flight) {
  tallies_.try_emplace(unknown_category, metrics_, unknown_category);
}

result<std::unique_ptr<gateway>> gateway::make(
    const std::vector<feature>& features, const std::vector<host::bound_projection>& projections,
    event_log& log, host::engine& engine, const clock& time, metric_registry& metrics,
    std::size_t max_in_flight) {
  std::unique_ptr<gateway> made(new gateway(features, log, engine, time, metrics, max_in_flight));
  for (const auto& one : features) {
    for (const auto& aggregate : one.aggregates()) {
      const auto& category = aggregate.kernel->category();
      if (auto checked = check_category(category); !checked) return checked.error();
      auto validator =
          schema_validator::make(aggregate.json_schema, aggregate.kernel->command_types());
      if (!validator)
        return error{errc::invalid, "feature '" + one.name() + "': " + validator.error().message};
      const bool fresh =
          made->aggregates_
              .try_emplace(category, known_aggregate{aggregate.kernel, std::move(*validator)})
              .second;
      if (!fresh)
        return error{errc::invalid,
                     "two features claim the category '" + category + "'; rename one"};
      made->tallies_.try_emplace(category, metrics, category);
    }
  }
  for (const auto& one : projections) {
    const auto& name = one.what.kernel->name();
    if (!made->views_.try_emplace(name, one).second) {
      return error{errc::invalid, "two projectors are called '" + name + "'; rename one"};
    }
  }
  return made;
}

void gateway::submit(command_request request, completion done) {
  auto counted_done = counted(request.category, std::move(done));
  auto checked = check(std::move(request));
  if (auto* refused = std::get_if<command_outcome>(&checked)) {
    counted_done(std::move(*refused));
    return;
  }
  auto& one = std::get<command>(checked);
  if (!one.id_given) {  // Nobody can ask about it: its id is told with its outcome.
    engine_.submit(std::move(one), std::move(counted_done));
    return;
  }
  const auto id = one.context.command_id;
  under_way_.begin(id);
  engine_.submit(std::move(one),
                 [this, id, told = std::move(counted_done)](command_outcome outcome) {
                   under_way_.end(id);
                   told(std::move(outcome));
                 });
}

void gateway::submit_here(command_request request, completion done) {
  auto checked = check(std::move(request));
  if (auto* refused = std::get_if<command_outcome>(&checked)) {
    done(std::move(*refused));
    return;
  }
  auto& one = std::get<command>(checked);
  const auto id = one.context.command_id;
  under_way_.begin(id);
  engine_.submit_here(std::move(one), [this, id, told = std::move(done)](command_outcome outcome) {
    under_way_.end(id);
    told(std::move(outcome));
  });
}

std::optional<command_outcome> gateway::take_in(command_request request) {
  const bool may_be_known = std::exchange(request.id_given, true);
  request.deadline = monotonic_time::max();
  const auto category = request.category;
  auto checked = check(std::move(request));
  if (auto* refused = std::get_if<command_outcome>(&checked)) return std::move(*refused);
  auto& one = std::get<command>(checked);
  const auto id = one.context.command_id;
  if (may_be_known) {
    bool stored = false;
    if (auto refused = refusal_of_repeat(one, stored)) return refused;
    if (stored) return std::nullopt;
  }
  if (!under_way_.begin(id, one.digest())) return host::refuse_reuse(one);

  // The engine sheds before it returns, if it does. What ends later is for `outcome_of`.
  struct first_answer {
    std::mutex mutex;
    bool handed_in = false;
    std::optional<command_outcome> shed;
  };
  auto first = std::make_shared<first_answer>();
  engine_.submit(std::move(one), counted(category, [this, id, first](command_outcome outcome) {
                   const bool shed = outcome.status == outcome_status::overloaded;
                   const std::lock_guard lock(first->mutex);
                   if (shed && !first->handed_in) {
                     under_way_.end(id);
                     first->shed = std::move(outcome);
                   } else if (outcome.events.empty()) {
                     under_way_.end(id, std::move(outcome));
                   } else {
                     under_way_.end(id);
                   }
                 }));
  const std::lock_guard lock(first->mutex);
  first->handed_in = true;
  return std::move(first->shed);
}

std::optional<command_outcome> gateway::refusal_of_repeat(const command& one, bool& stored) {
  auto known = host::find_known(log_, one.context.command_id);
  if (!known) {
    command_outcome refused;
    refused.status = outcome_status::unavailable;
    refused.stream = one.stream;
    refused.command_id = one.context.command_id;
    refused.detail = known.error().message;
    refused.retry_after = 1;
    return refused;
  }
  stored = known->has_value();
  if (stored && (*known)->digest != one.digest()) return host::refuse_reuse(one);
  return std::nullopt;
}

result<std::optional<command_outcome>> gateway::outcome_of(const std::string& command_id) {
  // Twice, since a command may reach the log between the two looks.
  for (const bool last : {false, true}) {
    auto known = host::find_known(log_, command_id);
    if (!known) return error{errc::in_doubt, known.error().message};
    if (*known) return std::optional(std::move((*known)->outcome));
    if (last) break;
    auto seen = under_way_.find(command_id);
    if (std::holds_alternative<commands_under_way::pending>(seen)) {
      return std::optional<command_outcome>();
    }
    if (auto* ended = std::get_if<command_outcome>(&seen)) {
      if (ended->status == outcome_status::in_doubt) return error{errc::in_doubt, ended->detail};
      return std::optional(std::move(*ended));
    }
  }
  return error{errc::not_found, "nothing is known of a command with this id"};
}

std::variant<command, command_outcome> gateway::check(command_request request) const {
  command_outcome refused;
  refused.stream = {request.category, request.id};
  refused.command_id = request.context.command_id;
  const auto refuse = [&](outcome_status status, std::string code, std::string detail) {
    refused.status = status;
    refused.code = std::move(code);
    refused.detail = std::move(detail);
    return refused;
  };
  const auto found = aggregates_.find(request.category);
  if (found == aggregates_.end()) {
    return refuse(outcome_status::not_found, "unknown-category",
                  "there is no category '" + request.category + "'");
  }
  const auto& [kernel, validator] = found->second;
  if (std::ranges::find(kernel->command_types(), request.type) == kernel->command_types().end()) {
    return refuse(outcome_status::not_found, "unknown-command",
                  "category '" + request.category + "' has no command '" + request.type + "'");
  }
  if (auto checked = check_command_id(request.context.command_id); !checked) {
    return refuse(outcome_status::invalid, "invalid-command-id", checked.error().message);
  }
  if (!request.id.empty()) {
    if (auto checked = check_entity_id(request.id); !checked) {
      return refuse(outcome_status::invalid, "invalid-id", checked.error().message);
    }
  }
  refused.fields = validator.check(request.type, request.data);
  if (!refused.fields.empty()) {
    const auto& first = refused.fields.front();
    return refuse(
        outcome_status::invalid, "invalid-data",
        request.type + (first.path.empty() ? "" : " " + first.path) + ": " + first.message);
  }
  const bool names_entity = kernel->names_entity_of(request.type);
  const bool addressed = !request.id.empty() && !names_entity;
  if (request.id.empty() && !names_entity && !request.id_given) {
    // The entity's id comes from this one, which must stay the same on the way to the owner.
    request.context.command_id = without_mark(std::move(request.context.command_id));
    refused.command_id = request.context.command_id;
  }
  auto id = addressed ? result<std::string>(request.id)
                      : kernel->entity_of(request.type, request.data, request.context.command_id);
  if (!id) return refuse(outcome_status::invalid, "invalid-data", id.error().message);
  if (auto checked = check_entity_id(*id); !checked) {
    return refuse(outcome_status::invalid, "invalid-id", checked.error().message);
  }
  if (!request.id.empty() && request.id != *id) {
    return refuse(outcome_status::rejected, "wrong-id",
                  request.type + " with this data is for " + request.category + " '" + *id +
                      "', not '" + request.id + "'; leave the id out");
  }
  if (request.on_behalf_of) {
    if (const auto said =
            policy_.may(*request.on_behalf_of, {request.category, *id}, request.type, request.data);
        !said) {
      refused.stream.id = std::move(*id);
      return refuse(outcome_status::forbidden, "forbidden", said.why());
    }
  }
  return command{{std::move(request.category), std::move(*id)},
                 std::move(request.type),
                 std::move(request.data),
                 std::move(request.context),
                 request.id_given,
                 request.expected_version,
                 request.deadline};
}

result<json> gateway::what_if(command_request request, std::optional<version_t> version,
                              host::use_snapshots snapshots) {
  auto checked = check(std::move(request));
  if (const auto* refused = std::get_if<command_outcome>(&checked)) {
    json fields = json::array();
    for (const auto& field : refused->fields)
      fields.push_back({{"path", field.path}, {"message", field.message}});
    return json{{"status", to_string(refused->status)},
                {"code", refused->code},
                {"detail", refused->detail},
                {"fields", std::move(fields)}};
  }
  const auto& one = std::get<command>(checked);
  const auto& kernel = *aggregates_.at(one.stream.category).kernel;
  auto loaded = host::load_entity(log_, kernel, one.stream, version, snapshots);
  if (!loaded) return std::move(loaded).error();
  if (version && loaded->version < *version) {
    return error{errc::not_found,
                 one.stream.name() + " is at version " + std::to_string(loaded->version)};
  }
  try {
    auto decided = loaded->state->handle(one.type, one.data, one.context);
    if (!decided) return std::move(decided).error();
    json answer = {{"version", loaded->version}};
    if (const auto* refusal = std::get_if<rejection>(&*decided)) {
      answer["status"] = to_string(outcome_status::rejected);
      answer["code"] = refusal->code;
      answer["detail"] = refusal->detail;
    } else {
      answer["status"] = to_string(outcome_status::accepted);
      auto& events = answer["events"] = json::array();
      for (const auto& event : std::get<std::vector<new_event>>(*decided))
        events.push_back({{"type", event.type}, {"data", event.data}});
      answer["state"] = loaded->state->state();
    }
    return answer;
  } catch (const std::exception& problem) {
    return json{{"version", loaded->version},
                {"status", to_string(outcome_status::failed)},
                {"code", "handler-crashed"},
                {"detail", problem.what()}};
  }
}

completion gateway::counted(const std::string& category, completion done) {
  // Only known categories become labels: what callers make up must not.
  const auto known = tallies_.find(aggregates_.contains(category) ? category : unknown_category);
  return [this, &of = known->second, done = std::move(done),
          begun = clock_.monotonic()](command_outcome outcome) {
    of.counter(metrics_, outcome.status).increment();
    if (outcome.status == outcome_status::overloaded) {
      limit_counter(metrics_, outcome.code == "node-overloaded" ? "max-in-flight"
                                                                : "max-in-flight-per-entity")
          .increment();
    }
    of.duration.observe(std::chrono::duration<double>(clock_.monotonic() - begun).count());
    done(std::move(outcome));
  };
}

result<const host::bound_projection*> gateway::view(const std::string& name) const {
  const auto found = views_.find(name);
  if (found == views_.end() || found->second.what.role != database_role::views) {
    return error{errc::not_found, "there is no view '" + name + "'"};
  }
  return &found->second;
}

result<std::optional<json>> gateway::view_row(const std::string& name, const std::string& key) {
  auto found = view(name);
  if (!found) return std::move(found).error();
  return (*found)->store->get((*found)->what.kernel->table(), key);
}

result<view_page> gateway::view_rows(const std::string& name, const view_query& query) {
  auto found = view(name);
  if (!found) return std::move(found).error();
  return (*found)->store->query((*found)->what.kernel->table(), query);
}

result<position_t> gateway::view_position(const std::string& name) {
  auto found = view(name);
  if (!found) return std::move(found).error();
  return (*found)->store->checkpoint(name);
}

result<std::string> gateway::view_category(const std::string& name) {
  auto found = view(name);
  if (!found) return std::move(found).error();
  return (*found)->what.kernel->category();
}

bool gateway::await_view(const std::string& name, position_t position, monotonic_time deadline) {
  return view(name) && engine_.await_projection(name, position, deadline);
}

result<std::unique_ptr<watch>> gateway::watch_view(const std::string& name,
                                                   std::function<void()> changed) {
  if (auto found = view(name); !found) return std::move(found).error();
  return engine_.watch_projection(name, std::move(changed));
}

result<std::unique_ptr<watch>> gateway::watch_events(const std::string& category,
                                                     std::function<void()> changed) {
  if (!aggregates_.contains(category)) return no_category(category);
  return engine_.watch_category(category, std::move(changed));
}

result<std::vector<recorded_event>> gateway::events(const std::string& category, position_t from,
                                                    std::size_t limit) {
  if (!aggregates_.contains(category)) return no_category(category);
  return read_events(log_, category, from, limit);
}

const aggregate_kernel* gateway::aggregate_of(const std::string& category) const {
  const auto found = aggregates_.find(category);
  return found == aggregates_.end() ? nullptr : found->second.kernel.get();
}

}  // namespace troupe
