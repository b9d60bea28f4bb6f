#include "runtime/node/running_node.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "runtime/host/loaded_entity.hpp"
#include "runtime/node/commit_reader.hpp"
#include "runtime/node/limits.hpp"
#include "runtime/node/span_metrics.hpp"
#include "runtime/node/trace.hpp"

namespace troupe {

namespace {

/// Up to here the events that a projector has not yet applied are counted one by one; beyond, they
/// are estimated.
constexpr std::size_t max_counted_commits = 1'000;
/// Dead letters that one scrape looks at.
constexpr std::size_t max_counted_letters = 1'000;

json items_of(const std::vector<recorded_event>& events) {
  json items = json::array();
  for (const auto& event : events) items.push_back(to_json(event));
  return items;
}

}  // namespace

result<std::unique_ptr<running_node>> running_node::make(settings options,
                                                         const std::vector<feature>& features,
                                                         std::unique_ptr<event_log> log,
                                                         std::unique_ptr<view_provider> views,
                                                         std::shared_ptr<message_bus> bus,
                                                         host::failure_observer on_failure) {
  std::unique_ptr<running_node> made(
      new running_node(std::move(options), features, std::move(log), std::move(views)));
  auto projections = made->open_views();
  if (!projections) return std::move(projections).error();
  const auto& set = made->options_;
  host::engine_options tuned;
  tuned.node = set.node;
  tuned.max_in_flight = set.max_in_flight;
  tuned.max_in_flight_per_entity = set.max_in_flight_per_entity;
  tuned.max_resident = set.max_resident;
  tuned.idle_timeout = std::chrono::seconds(set.idle_seconds);
  tuned.max_awake = set.max_awake;
  tuned.rest_after = std::chrono::seconds(set.rest_seconds);
  tuned.max_commits_per_batch = set.batch_commits;
  tuned.max_dead_letters = set.max_dead_letters;
  tuned.snapshot_every = set.snapshot_every;
  tuned.on_failure = std::move(on_failure);
  if (!set.otlp.empty()) {
    auto& dropped = span_counter(made->metrics_, "dropped");
    auto& beyond = limit_counter(made->metrics_, "max-spans");
    made->tracer_ = std::make_unique<tracer>(made->clock_, made->ids_, set.otlp_ratio,
                                             set.max_spans, [&dropped, &beyond] {
                                               dropped.increment();
                                               beyond.increment();
                                             });
    tuned.trace = made->tracer_.get();
  }
  if (bus) {
    made->join(std::move(bus));
    tuned.shared = {
        made->cluster_.get(),
        [to = made->forwarder_.get()](command one, completion done, host::sharing::carry_out here) {
          to->forward(std::move(one), std::move(done), std::move(here));
        }};
  }
  made->projections_ = *projections;
  made->engine_ =
      std::make_unique<host::engine>(tuned, made->hosted_, *projections, *made->log_, made->clock_);
  auto way_in = gateway::make(features, *projections, *made->log_, *made->engine_, made->clock_,
                              made->metrics_, set.max_in_flight);
  if (!way_in) return std::move(way_in).error();
  made->gateway_ = std::move(*way_in);
  if (made->gateway_->aggregate_of(audit_trail::category) != nullptr) {
    return error{errc::invalid, std::string("the category '") + audit_trail::category +
                                    "' is the node's own; rename the feature's"};
  }
  made->audit_trail_ =
      std::make_unique<audit_trail>(set.node, *made->engine_, made->clock_, made->ids_);
  if (made->forwarder_) {
    made->forwarder_->accept([to = made->gateway_.get()](command_request one, completion done) {
      to->submit_here(std::move(one), std::move(done));
    });
  }
  if (auto ready = made->log_->prepare(made->categories()); !ready) return ready.error();
  made->register_gauges();
  return made;
}

std::vector<std::string> running_node::categories() const {
  std::vector<std::string> names;
  for (const auto& one : hosted_) {
    for (const auto& aggregate : one.aggregates()) names.push_back(aggregate.kernel->category());
  }
  return names;
}

const aggregate_kernel* running_node::aggregate_of(const std::string& category) const {
  for (const auto& one : hosted_) {
    for (const auto& aggregate : one.aggregates()) {
      if (aggregate.kernel->category() == category) return aggregate.kernel.get();
    }
  }
  return nullptr;
}

void running_node::audit(const admin_change& change, bool let_in) {
  audit_(to_line(change), change.trace_id);
  if (!let_in) return;  // Whoever guesses tokens must not fill the log's disk.
  audit_trail_->keep(change, [this, change](const std::string& why) {
    audit_lost_("not kept in the log: " + to_line(change) + ": " + why, change.trace_id);
  });
}

running_node::~running_node() {
  // Before anything that its actors use is gone.
  if (engine_) engine_->stop();
}

result<std::vector<host::bound_projection>> running_node::open_views() {
  std::vector<host::bound_projection> bound;
  const auto mode = options_.migrate == "check" ? migration_mode::check : migration_mode::apply;
  for (const auto& one : features_) {
    for (const auto role : {database_role::views, database_role::microservice}) {
      auto migrations = parse_migrations(one.migrations(role));
      if (!migrations)
        return error{errc::invalid, "feature '" + one.name() + "': " + migrations.error().message};
      if (migrations->empty()) continue;
      auto store = views_->open(one.name(), role);
      if (!store) return std::move(store).error();
      if (auto migrated = (*store)->migrate(*migrations, mode); !migrated) return migrated.error();
      for (const auto& projection : one.projections()) {
        if (projection.role == role)
          bound.push_back({one.name(), projection, store->get(), options_.views == "postgres"});
      }
      stores_.push_back(std::move(*store));
    }
    const auto count = std::ranges::count(bound, one.name(), &host::bound_projection::feature);
    if (static_cast<std::size_t>(count) != one.projections().size()) {
      return error{errc::invalid, "feature '" + one.name() +
                                      "' has a projector whose table no migration makes; add one"};
    }
  }
  return bound;
}

double running_node::seconds_since(timestamp then) const {
  return std::max(0.0, std::chrono::duration<double>(clock_.now() - then).count());
}

void running_node::register_gauges() {
  // So that they show, at zero, before they are reached.
  for (const auto& one : all_limits()) limit_counter(metrics_, one.flag);
  for (const auto* result : {"exported", "refused", "dropped"}) span_counter(metrics_, result);
  forwarder::register_metrics(metrics_);
  const auto one_value = [](double value) { return std::vector<metric_sample>{{{}, value}}; };
  metrics_.gauges("troupe_commands_in_flight", "Commands under way.", [this, one_value] {
    return one_value(static_cast<double>(engine_->counts().in_flight));
  });
  metrics_.gauges(
      "troupe_command_handlers_resident", "Command handlers with their entity in memory.",
      [this, one_value] { return one_value(static_cast<double>(engine_->counts().resident)); });
  metrics_.gauges(
      "troupe_command_handlers_awake", "Of these, those that do not rest.",
      [this, one_value] { return one_value(static_cast<double>(engine_->counts().awake)); });
  metrics_.gauges(
      "troupe_command_handlers_rested_total", "How often command handlers were put to rest.",
      [this, one_value] { return one_value(static_cast<double>(engine_->counts().rested)); });
  metrics_.gauges("troupe_command_handlers_passivated_total",
                  "Command handlers passivated, by the limit that was reached.", [this] {
                    const auto counts = engine_->counts();
                    return std::vector<metric_sample>{
                        {{{"limit", "max-resident"}}, static_cast<double>(counts.surplus)},
                        {{{"limit", "idle"}}, static_cast<double>(counts.idled)}};
                  });
  metrics_.gauges(
      "troupe_commands_shed_total", "Commands refused for overload.",
      [this, one_value] { return one_value(static_cast<double>(engine_->counts().shed)); });
  metrics_.gauges(
      "troupe_commands_rescued_total",
      "Commands that a crash dropped, decided again or resolved from the log.",
      [this, one_value] { return one_value(static_cast<double>(engine_->counts().rescued)); });
  metrics_.gauges("troupe_build_info", "1; the version is a label.", [] {
    return std::vector<metric_sample>{{{{"version", version_text}}, 1}};
  });
  metrics_.gauges("troupe_ready", "1 when the node is ready.", [this, one_value] {
    return one_value(std::ranges::all_of(readiness_checks(), &health_check::ok) ? 1 : 0);
  });
  metrics_.gauges(
      "troupe_command_handlers_moved_total",
      "Command handlers passivated since the start because another node owns their "
      "entity.",
      [this, one_value] { return one_value(static_cast<double>(engine_->counts().moved)); });
  metrics_.gauges("troupe_cluster_nodes", "Nodes of the cluster that this one knows, with itself.",
                  [this, one_value] {
                    const auto peers = cluster_ ? cluster_->now().peers.size() : 0;
                    return one_value(static_cast<double>(peers + 1));
                  });
  metrics_.gauges(
      "troupe_cluster_shards", "Shards that this node owns, of 256.", [this, one_value] {
        if (!cluster_) return one_value(static_cast<double>(shard_count));
        const auto seen = cluster_->now();
        return one_value(static_cast<double>(seen.shards->owned_by(seen.own.incarnation)));
      });
  const auto each_projection = [this](double (*read)(const host::projection_info&)) {
    std::vector<metric_sample> samples;
    for (const auto& one : engine_->projections())
      samples.push_back({{{"projection", one.name}}, read(one)});
    return samples;
  };
  metrics_.gauges(
      "troupe_projection_position", "Position up to which a view is complete.", [each_projection] {
        return each_projection(
            [](const host::projection_info& one) { return static_cast<double>(one.position); });
      });
  metrics_.gauges(
      "troupe_actor_stalled",
      "1 for an actor that has work and does not advance, command handlers apart.", [this] {
        const auto stalled = engine_->stalled();
        std::vector<metric_sample> samples;
        for (const auto& one : engine_->components()) {
          const bool stands =
              std::ranges::find(stalled, one.path, &host::stalled_component::path) != stalled.end();
          samples.push_back({{{"path", one.path}}, stands ? 1.0 : 0.0});
        }
        return samples;
      });
  metrics_.gauges("troupe_projection_parked_events_total",
                  "Events parked, and those that wait behind them.", [each_projection] {
                    return each_projection([](const host::projection_info& one) {
                      return static_cast<double>(one.parked);
                    });
                  });
  // What cannot be read has no sample: no number is better than a wrong one.
  metrics_.gauges("troupe_projection_lag_seconds", "Age of the oldest commit that a view lacks.",
                  [this] {
                    std::vector<metric_sample> samples;
                    for (const auto& one : engine_->projections()) {
                      const auto next = log_->read_category(one.category, one.position + 1, 1);
                      if (!next) continue;
                      const auto age = next->empty() ? 0.0 : seconds_since(next->front().data.time);
                      samples.push_back({{{"projection", one.name}}, age});
                    }
                    return samples;
                  });
  metrics_.gauges("troupe_log_position", "Position of a category's last commit.", [this] {
    std::vector<metric_sample> samples;
    for (const auto& one : features_) {
      for (const auto& aggregate : one.aggregates()) {
        const auto& category = aggregate.kernel->category();
        if (const auto head = log_->head(category))
          samples.push_back({{{"category", category}}, static_cast<double>(*head)});
      }
    }
    return samples;
  });
  metrics_.gauges("troupe_dead_letters",
                  "Parked now, by projector or bridge; counted up to a thousand.", [this] {
                    std::map<std::string, double> counts;
                    const auto letters = dead_letters(0, max_counted_letters);
                    if (!letters) return std::vector<metric_sample>{};
                    for (const auto& one : engine_->projections()) counts[one.name] = 0;
                    for (const auto& one : (*letters)["items"])
                      ++counts[one.value("projection", one.value("bridge", ""))];
                    std::vector<metric_sample> samples;
                    for (const auto& [from, count] : counts)
                      samples.push_back({{{"from", from}}, count});
                    return samples;
                  });
  metrics_.gauges("troupe_actor_restarts_total", "Restarts by actor, command handlers apart.",
                  [this] {
                    std::vector<metric_sample> samples;
                    for (const auto& one : engine_->components())
                      samples.push_back({{{"path", one.path}}, static_cast<double>(one.restarts)});
                    return samples;
                  });
}

std::vector<health_check> running_node::startup_checks() {
  return {{"started", started_, started_ ? "" : "the node is starting"}};
}

std::vector<health_check> running_node::readiness_checks() {
  auto checks = startup_checks();
  checks.push_back({"accepting", !draining_, draining_ ? "the node is draining" : ""});
  const auto head = features_.empty() || features_.front().aggregates().empty()
                        ? result<position_t>(position_t{0})
                        : log_->head(features_.front().aggregates().front().kernel->category());
  const auto trouble = head ? engine_->log_trouble() : std::optional(head.error().message);
  checks.push_back({"log", !trouble, trouble.value_or("")});
  const auto troubles = engine_->troubles();
  checks.push_back({"actors", troubles.empty(), ""});
  for (const auto& [what, why] : troubles) checks.push_back({what, false, why});
  return checks;
}

json running_node::describe(const host::actor_info& one) const {
  return {{"path", one.path},
          {"kind", one.kind},
          {"status", one.status},
          {"mailbox", one.mailbox},
          {"processed", one.processed},
          {"restarts", one.restarts},
          {"lastError", one.last_error.empty() ? json(nullptr) : json(one.last_error)},
          {"since", format_time(one.since)},
          {"node", options_.node}};
}

result<json> running_node::actors(const actor_filter& filter) {
  json items = json::array();
  for (const auto& one :
       engine_->actors(filter.kind, filter.path_prefix, filter.after, filter.limit))
    items.push_back(describe(one));
  json next = items.size() == filter.limit ? items.back()["path"] : json(nullptr);
  return json{{"items", std::move(items)},
              {"total", engine_->actor_count(filter.kind)},
              {"next", std::move(next)}};
}

result<json> running_node::actor(const std::string& path) {
  auto found = engine_->actor(path);
  if (!found) return std::move(found).error();
  auto answer = describe(found->first);
  answer["state"] = std::move(found->second);
  return answer;
}

result<json> running_node::entity(const stream_id& stream, std::optional<version_t> version) {
  const auto* kernel = aggregate_of(stream.category);
  if (kernel == nullptr) return no_category(stream.category);
  const auto snapshots =
      options_.snapshot_every == 0 ? host::use_snapshots::no : host::use_snapshots::yes;
  auto loaded = host::load_entity(*log_, *kernel, stream, version, snapshots);
  if (!loaded) return std::move(loaded).error();
  if (loaded->version == 0) return error{errc::not_found, "there is no entity " + stream.name()};
  if (version && loaded->version < *version) {
    return error{errc::not_found,
                 stream.name() + " is at version " + std::to_string(loaded->version)};
  }
  return json{{"id", stream.id},
              {"category", stream.category},
              {"version", loaded->version},
              {"state", loaded->state->state()}};
}

result<json> running_node::what_if(command_request command, std::optional<version_t> version) {
  const auto snapshots =
      options_.snapshot_every == 0 ? host::use_snapshots::no : host::use_snapshots::yes;
  return gateway_->what_if(std::move(command), version, snapshots);
}

result<json> running_node::trace(const std::string& id) {
  return find_trace(*log_, categories(), projections_, id);
}

result<json> running_node::stream(const stream_id& stream, version_t from, std::size_t limit) {
  auto commits = log_->read_stream(stream, from, limit);
  if (!commits) return std::move(commits).error();
  std::vector<recorded_event> events;
  for (const auto& commit : *commits) {
    auto decoded = decode(commit);
    if (!decoded) return std::move(decoded).error();
    std::ranges::copy_if(*decoded, std::back_inserter(events),
                         [&](const recorded_event& event) { return event.version >= from; });
  }
  if (from <= 1 && events.empty())
    return error{errc::not_found, "there is no stream " + stream.name()};
  json next = commits->size() == limit ? json(events.back().version + 1) : json(nullptr);
  return json{{"items", items_of(events)}, {"next", std::move(next)}};
}

result<json> running_node::log(const std::string& category, position_t from, std::size_t limit) {
  if (aggregate_of(category) == nullptr) return no_category(category);
  auto events = read_events(*log_, category, from, limit);
  if (!events) return std::move(events).error();
  const auto next = events->empty() ? from : events->back().position + 1;
  const auto head = log_->head(category);
  if (!head) return head.error();
  return json{{"items", items_of(*events)}, {"next", next}, {"head", *head}};
}

result<json> running_node::describe(const host::projection_info& one) {
  auto head = log_->head(one.category);
  if (!head) return std::move(head).error();
  std::uint64_t lag_events = 0;
  double lag_seconds = 0;
  if (*head > one.position) {
    auto behind = log_->read_category(one.category, one.position + 1, max_counted_commits);
    if (!behind) return std::move(behind).error();
    for (const auto& commit : *behind) lag_events += commit.data.event_count;
    if (behind->size() == max_counted_commits)
      lag_events = std::max<std::uint64_t>(lag_events, *head - one.position);
    if (!behind->empty()) {
      lag_seconds = seconds_since(behind->front().data.time);
    }
  }
  return json{{"name", one.name},
              {"feature", one.feature},
              {"category", one.category},
              {"database", one.role == database_role::views ? "views" : "microservice"},
              {"node", options_.node},
              {"position", one.position},
              {"head", *head},
              {"lagEvents", lag_events},
              {"lagSeconds", lag_seconds},
              {"eventsPerSecond", one.events_per_second},
              {"events", one.events},
              {"parked", one.parked},
              {"status", one.status},
              {"owner", one.owner.empty() ? options_.node : one.owner},
              {"lastError", one.last_error.empty() ? json(nullptr) : json(one.last_error)}};
}

result<json> running_node::projections() {
  json items = json::array();
  for (const auto& one : engine_->projections()) {
    auto described = describe(one);
    if (!described) return std::move(described).error();
    items.push_back(std::move(*described));
  }
  return json{{"items", std::move(items)}};
}

result<void> running_node::set_log_level(const std::string& level) {
  if (std::ranges::find(log_levels, level) == log_levels.end()) {
    return error{errc::invalid,
                 "'" + level + "' is no level; use trace, debug, info, warn, error or off"};
  }
  const std::lock_guard lock(log_level_mutex_);
  audit_("log level " + log_level_ + " becomes " + level, "");
  change_log_level_(level);
  log_level_ = level;
  return {};
}

json running_node::config() {
  auto shown = options_.to_json();
  const std::lock_guard lock(log_level_mutex_);
  shown["logLevel"] = log_level_;
  return shown;
}

json running_node::info() {
  json names = json::array();
  json categories = json::array();
  for (const auto& one : features_) names.push_back(one.name());
  for (const auto& one : hosted_) {
    for (const auto& aggregate : one.aggregates()) {
      const auto& kernel = *aggregate.kernel;
      categories.push_back({{"name", kernel.category()},
                            {"feature", one.name()},
                            {"commands", gateway_->aggregate_of(kernel.category()) == nullptr
                                             ? std::vector<std::string>()
                                             : kernel.command_types()},
                            {"events", kernel.event_types()}});
    }
  }
  return {{"version", version_text},
          {"build", __VERSION__},
          {"node", options_.node},
          {"features", std::move(names)},
          {"categories", std::move(categories)},
          {"started", format_time(begun_)},
          {"uptimeSeconds", std::chrono::duration<double>(clock_.now() - begun_).count()}};
}

}  // namespace troupe
