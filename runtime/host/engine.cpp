#include "runtime/host/engine.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <utility>

#include <caf/all.hpp>

#include "runtime/core/notifier.hpp"
#include "runtime/host/bridge_actor.hpp"
#include "runtime/host/command_handlers.hpp"
#include "runtime/host/log_actors.hpp"
#include "runtime/host/projection_actors.hpp"
#include "runtime/host/scheduler.hpp"
#include "runtime/host/supervisor.hpp"
#include "runtime/host/watchdog.hpp"

namespace troupe::host {
namespace {

/// How often a command of which nothing is stored is handed in again after crashes, and the pause
/// before the second of these attempts; each later pause is twice as long. About a second in all.
constexpr unsigned max_attempts = 10;
constexpr std::chrono::milliseconds first_pause{2};

/// How long the admin endpoint waits for an actor that is busy.
constexpr auto answer_timeout = std::chrono::seconds(1);

/// And for a projector that is to change something.
constexpr auto change_timeout = std::chrono::seconds(10);

/// Sends a question that `make` builds around the reply; nothing if the answer did not come in
/// time.
template <class Answer, class Make>
std::optional<Answer> ask(const actor_card& card, Answer fallback,
                          std::chrono::steady_clock::time_point deadline, Make make) {
  auto promise = std::make_shared<std::promise<Answer>>();
  auto answer = promise->get_future();
  card.tell(make(one_shot<Answer>([promise](Answer value) { promise->set_value(std::move(value)); },
                                  std::move(fallback))));
  if (answer.wait_until(deadline) != std::future_status::ready) return std::nullopt;
  return answer.get();
}

auto soon() { return std::chrono::steady_clock::now() + answer_timeout; }

actor_info info_of(const actor_card& card) {
  auto seen = card.read();
  return {card.path(),    card.kind(),   to_string(seen.status),     seen.mailbox,
          seen.processed, seen.restarts, std::move(seen.last_error), seen.since};
}

constexpr const char* handler_kind = "command-handler";

actor_info info_of(const std::string& handlers_path, handler_info one) {
  return {handlers_path + '/' + one.id,
          handler_kind,
          std::move(one.status),
          one.mailbox,
          one.processed,
          one.restarts,
          std::move(one.last_error),
          one.since};
}

}  // namespace

class engine::implementation {
 public:
  implementation(engine_options options, const std::vector<feature>& features,
                 std::vector<bound_projection> projections, event_log& log, const clock& time)
      : options_(std::move(options)),
        log_(log),
        clock_(time),
        registry_(time, options_.on_failure),
        watchdog_(options_.watching),
        projections_(std::move(projections)) {
    rescue_ = [this](pending_command::abandoned dropped) { take_over(std::move(dropped)); };
    config_.load<scheduler>();
    config_.set("scheduler.max-threads", options_.scheduler_threads);
    root_ = registry_.card("/", "supervisor");
    writer_ = registry_.card("/log/writer", "log-writer");
    snapshots_ = registry_.card("/log/snapshots", "log-writer");
    for (std::size_t i = 1; i <= options_.log_readers; ++i) {
      readers_.push_back(registry_.card("/log/reader-" + std::to_string(i), "log-reader"));
    }
    for (const auto& one : features) {
      feature_specs_.push_back(feature_spec(one));
      for (const auto& aggregate : one.aggregates()) growth_[aggregate.kernel->category()];
    }
  }

  void start() {
    system_ = std::make_unique<caf::actor_system>(config_);
    std::vector<child_spec> children;
    children.push_back(supervisor_spec("log", registry_, options_.component_policy, log_specs()));
    children.push_back(
        supervisor_spec("features", registry_, options_.component_policy, feature_specs_));
    children.push_back(supervisor_spec("bridges", registry_, options_.component_policy, {}));
    children.push_back(watchdog_spec());
    auto root = system_->spawn<supervisor>(root_, registry_, std::move(children), true);
    root_->started(root, clock_.now());
    ask<bool>(*root_, true, std::chrono::steady_clock::time_point::max(),
              [](auto reply) { return sync{std::move(reply)}; });
    log_.watch([this](const std::string& category, position_t head) {
      announce_growth(category, {head, nullptr});
    });
    if (options_.shared.where != nullptr) {
      moves_ = options_.shared.where->on_change([this] {
        for (const auto& [category, card] : handlers_) card->tell(hand_over{});
        for (const auto& card : projector_cards_) card->tell(place_projector{});
      });
    }
  }

  result<void> start_bridges(std::vector<std::shared_ptr<bridge>> bridges) {
    const auto supervisor_card = registry_.card("/bridges", "supervisor");
    result<void> all;
    for (auto& one : bridges) {
      {
        const std::lock_guard lock(bridges_mutex_);
        bridges_.push_back(one);
      }
      auto started = ask<result<void>>(
          *supervisor_card, error{errc::internal, "the bridge's actor broke down"},
          std::chrono::steady_clock::time_point::max(), [&](auto reply) {
            return adopt{std::make_shared<child_spec>(bridge_spec(one, std::move(reply)))};
          });
      if (!*started) return started->error();
    }
    return all;
  }

  bool drain(monotonic_time deadline) {
    // One after the other, in the order of their start: the later ones (the admin endpoint) still
    // answer meanwhile.
    bool finished = true;
    for (const auto& one : bridges_) {
      const auto card = registry_.card("/bridges/" + one->name(), "bridge");
      finished = ask<bool>(*card, true, deadline,
                           [](auto reply) { return drain_bridge{std::move(reply)}; })
                     .has_value() &&
                 finished;
    }
    std::unique_lock lock(idle_mutex_);
    draining_ = true;
    return idle_.wait_until(lock, deadline, [this] { return in_flight_ == 0; }) && finished;
  }

  void stop() {
    if (!system_) return;
    stopping_ = true;
    moves_.reset();
    log_.watch(nullptr);
    // A bridge that is still draining holds its actor's thread; this lets it go.
    for (const auto& one : bridges_) one->stop();
    if (auto root = root_->handle()) caf::anon_send_exit(root, caf::exit_reason::user_shutdown);
    system_->await_all_actors_done();
    // Nobody supervises the root: its card and it would keep each other.
    root_->ended(actor_status::stopped, clock_.now());
    system_.reset();
  }

  void submit(command one, completion done, bool here_only) {
    if (in_flight_.fetch_add(1) >= options_.max_in_flight) {
      leave();
      shed_.fetch_add(1);
      command_outcome outcome;
      outcome.status = outcome_status::overloaded;
      outcome.stream = std::move(one.stream);
      outcome.command_id = std::move(one.context.command_id);
      outcome.code = "node-overloaded";
      outcome.detail = "more than " + std::to_string(options_.max_in_flight) +
                       " commands are under way on this node; try again later";
      outcome.retry_after = 1;
      done(std::move(outcome));
      return;
    }
    pending_command::abandoned begun;
    begun.command = std::move(one);
    begun.done = [this, done = std::move(done)](command_outcome outcome) {
      leave();
      if (outcome.status == outcome_status::overloaded) shed_.fetch_add(1);
      done(std::move(outcome));
    };
    begun.here_only = here_only;
    route(std::move(begun));
  }

  std::vector<actor_info> actors(const std::string& kind, const std::string& prefix,
                                 const std::string& after, std::size_t limit) {
    std::vector<actor_info> found;
    for (const auto& card : registry_.all()) {
      if (card->path() > after && card->path().starts_with(prefix) &&
          (kind.empty() || kind == card->kind())) {
        found.push_back(info_of(*card));
      }
    }
    if (kind.empty() || kind == handler_kind) {
      for (const auto& [category, card] : handlers_)
        list_handlers_of(*card, prefix, after, limit, found);
    }
    std::ranges::sort(found, {}, &actor_info::path);
    if (found.size() > limit) found.resize(limit);
    return found;
  }

  std::vector<actor_info> components() const {
    std::vector<actor_info> found;
    for (const auto& card : registry_.all()) found.push_back(info_of(*card));
    return found;
  }

  std::size_t actor_count(const std::string& kind) const {
    std::size_t count = kind.empty() || kind == handler_kind ? counts().resident : 0;
    for (const auto& card : registry_.all()) {
      if (kind.empty() || kind == card->kind()) ++count;
    }
    return count;
  }

  result<std::pair<actor_info, json>> actor(const std::string& path) {
    if (const auto card = registry_.find(path)) {
      auto state =
          ask<json>(*card, nullptr, soon(), [](auto reply) { return describe{std::move(reply)}; });
      return std::pair(info_of(*card), state.value_or(json(nullptr)));
    }
    if (const auto [card, id] = handler_at(path); card) {
      using answer = std::optional<std::pair<handler_info, json>>;
      auto found = ask<answer>(*card, std::nullopt, soon(), [&id = id](auto reply) {
        return inspect_handler{id, std::move(reply)};
      });
      if (!found)
        return error{errc::unavailable, "the actor did not answer within a second; try again"};
      if (*found)
        return std::pair(info_of(card->path(), std::move((*found)->first)),
                         std::move((*found)->second));
    }
    return error{errc::not_found, "there is no actor at " + path};
  }

  result<void> restart(const std::string& path) {
    if (const auto card = registry_.find(path)) {
      const auto slash = path.rfind('/');
      if (path == "/")
        return error{errc::invalid, "the root supervisor cannot be restarted; restart the node"};
      registry_.find(slash == 0 ? "/" : path.substr(0, slash))
          ->tell(restart_child{path.substr(slash + 1)});
      return {};
    }
    if (const auto [card, id] = handler_at(path); card) {
      const auto done = ask<bool>(*card, false, soon(), [&id = id](auto reply) {
        return restart_handler{id, std::move(reply)};
      });
      if (done && *done) return {};
    }
    return error{errc::not_found, "there is no actor at " + path};
  }

  std::vector<projection_info> projections() const {
    std::vector<projection_info> listed;
    for (std::size_t i = 0; i < projections_.size(); ++i) {
      const auto& bound = projections_[i];
      const auto& kernel = *bound.what.kernel;
      const auto seen = progress_[i]->read(clock_.monotonic());
      const char* status = seen.failing      ? "failing"
                           : seen.standby    ? "standby"
                           : seen.paused     ? "paused"
                           : seen.rebuilding ? "rebuilding"
                                             : "running";
      listed.push_back({kernel.name(), bound.feature, kernel.category(), bound.what.role,
                        seen.position, seen.events_per_second, seen.events, seen.parked, status,
                        seen.standby ? where_of(bound)->node_of("projector/" + kernel.name()) : "",
                        error_of(i, seen.last_error)});
    }
    return listed;
  }

  bool await_projection(const std::string& name, position_t position,
                        monotonic_time deadline) const {
    const auto at = index_of(name);
    return at && progress_[*at]->await(position, deadline);
  }

  result<std::unique_ptr<watch>> watch_projection(const std::string& name,
                                                  std::function<void()> changed) const {
    const auto at = index_of(name);
    if (!at) return no_projection(name);
    return progress_[*at]->listen(std::move(changed));
  }

  result<std::unique_ptr<watch>> watch_category(const std::string& category,
                                                std::function<void()> changed) const {
    const auto found = growth_.find(category);
    if (found == growth_.end())
      return error{errc::not_found, "there is no category '" + category + "'"};
    return found->second.listen(std::move(changed));
  }

  result<void> pause(const std::string& name) {
    const auto at = index_of(name);
    if (!at) return no_projection(name);
    auto& store = *projections_[*at].store;
    auto reason = store.pause_reason(name);
    if (!reason) return std::move(reason).error();
    // One that was stopped for good stays so: the reason must not be forgotten.
    if (*reason) return {};
    if (auto kept = store.set_pause(name, std::string(paused_on_request)); !kept) return kept;
    progress_[*at]->pause();
    return {};
  }

  result<void> resume(const std::string& name) {
    const auto at = index_of(name);
    if (!at) return no_projection(name);
    auto& store = *projections_[*at].store;
    auto reason = store.pause_reason(name);
    if (!reason) return std::move(reason).error();
    if (*reason && **reason != paused_on_request) return error{errc::conflict, **reason};
    if (auto cleared = store.set_pause(name, std::nullopt); !cleared) return cleared;
    progress_[*at]->resume();
    projector_cards_[*at]->tell(resume_projector{});
    return {};
  }

  result<void> rebuild(const std::string& name) {
    const auto at = index_of(name);
    if (!at) return no_projection(name);
    auto done = ask<result<void>>(
        *projector_cards_[*at], error{errc::unavailable, "the projector is restarting; try again"},
        std::chrono::steady_clock::now() + change_timeout,
        [](auto reply) { return rebuild_projector{std::move(reply)}; });
    if (!done)
      return error{errc::unavailable,
                   "the projector is busy; it starts to rebuild when it has finished its batch"};
    return *done;
  }

  result<retried_events> retry_parked_event(const std::string& name, std::uint64_t id) {
    return ask_projector<retried_events>(name, [id](auto reply) {
      return retry_event{id, std::move(reply)};
    });
  }

  result<dead_letter> discard_parked_event(const std::string& name, std::uint64_t id) {
    return ask_projector<dead_letter>(name, [id](auto reply) {
      return discard_event{id, std::move(reply)};
    });
  }

  std::vector<std::pair<std::string, std::string>> troubles() const {
    std::vector<std::pair<std::string, std::string>> found;
    if (const auto reason = registry_.given_up()) found.emplace_back("supervision", *reason);
    for (const auto& card : registry_.all()) {
      const auto seen = card->read();
      if (seen.status == actor_status::running) continue;
      found.emplace_back(card->path(), std::string(to_string(seen.status)) +
                                           (seen.last_error.empty() ? "" : ": " + seen.last_error));
    }
    for (const auto& one : projections()) {
      if (one.status == "failing") found.emplace_back("projection " + one.name, one.last_error);
    }
    for (const auto& one : stalled()) found.emplace_back("stalled " + one.path, one.detail);
    return found;
  }

  std::optional<std::string> log_trouble() const { return log_health_->trouble(); }

  std::vector<stalled_component> stalled() const { return watchdog_.stalled(); }

  engine_counts counts() const {
    engine_counts now{in_flight_, shed_, 0, rescued_};
    for (const auto& [category, of_category] : handler_counts_) {
      now.resident += of_category->resident.load(std::memory_order_relaxed);
      now.surplus += of_category->surplus.load(std::memory_order_relaxed);
      now.idled += of_category->idled.load(std::memory_order_relaxed);
      now.awake += of_category->awake.load(std::memory_order_relaxed);
      now.rested += of_category->rested.load(std::memory_order_relaxed);
      now.moved += of_category->moved.load(std::memory_order_relaxed);
    }
    return now;
  }

 private:
  std::vector<child_spec> log_specs() {
    std::vector<child_spec> specs;
    const auto policy = options_.component_policy;
    specs.push_back(
        {"writer", "log-writer", policy,
         [this](caf::event_based_actor& parent, card_ptr card) -> caf::actor {
           return parent.spawn<log_writer, caf::detached>(
               std::move(card), log_,
               [this](const std::string& category, std::vector<delivered_ptr> stored) {
                 const auto head = stored.back()->commit.position;
                 announce_growth(
                     category,
                     {head, std::make_shared<const std::vector<delivered_ptr>>(std::move(stored))});
               },
               log_health_);
         }});
    const auto snapshots = options_.snapshot_every == 0 ? use_snapshots::no : use_snapshots::yes;
    for (std::size_t i = 1; i <= options_.log_readers; ++i) {
      specs.push_back(
          {"reader-" + std::to_string(i), "log-reader", policy,
           [this, snapshots](caf::event_based_actor& parent, card_ptr card) -> caf::actor {
             return parent.spawn<log_reader, caf::detached>(std::move(card), log_, snapshots);
           }});
    }
    specs.push_back({"snapshots", "log-writer", policy,
                     [this](caf::event_based_actor& parent, card_ptr card) -> caf::actor {
                       return parent.spawn<snapshot_writer, caf::detached>(std::move(card), log_,
                                                                           snapshot_places_);
                     }});
    specs.push_back({"maintenance", "timer", policy,
                     [this](caf::event_based_actor& parent, card_ptr card) -> caf::actor {
                       return parent.spawn<log_maintenance, caf::detached>(std::move(card), log_,
                                                                           clock_, log_health_);
                     }});
    return specs;
  }

  child_spec feature_spec(const feature& one) {
    const std::string base = "/features/" + one.name();
    std::vector<child_spec> children;
    for (const auto& aggregate : one.aggregates())
      children.push_back(handlers_spec(base, one.name(), aggregate));

    std::vector<child_spec> subscribers;
    std::vector<child_spec> projectors;
    for (std::size_t i = progress_.size();
         i < projections_.size() && projections_[i].feature == one.name(); ++i) {
      const auto& kernel = projections_[i].what.kernel;
      const auto source = registry_.card(base + "/subscribers/" + kernel->category(), "subscriber");
      auto& known = subscribers_[kernel->category()];
      if (std::ranges::find(known, source) == known.end()) {
        known.push_back(source);
        heads_[kernel->category()] = 0;
        subscribers.push_back(subscriber_spec(kernel->category()));
      }
      progress_.push_back(std::make_shared<projection_progress>());
      projector_cards_.push_back(
          registry_.card(base + "/projectors/" + kernel->name(), "projector"));
      projectors.push_back(
          projector_spec({kernel, projections_[i].store, &log_, source, progress_.back(), &clock_,
                          options_.max_dead_letters, where_of(projections_[i]), options_.trace}));
    }
    children.push_back(supervisor_spec("subscribers", registry_, options_.component_policy,
                                       std::move(subscribers)));
    children.push_back(
        supervisor_spec("projectors", registry_, options_.component_policy, std::move(projectors)));
    return supervisor_spec(one.name(), registry_, options_.component_policy, std::move(children));
  }

  /// Where the projector has its place; null if every node runs its own.
  const placement* where_of(const bound_projection& one) const {
    return one.shared ? options_.shared.where : nullptr;
  }

  child_spec handlers_spec(const std::string& base, const std::string& feature_name,
                           const registered_aggregate& aggregate) {
    const auto& category = aggregate.kernel->category();
    const auto name =
        category == feature_name ? std::string("command-handlers") : "command-handlers-" + category;
    const auto card = registry_.card(base + '/' + name, "supervisor");
    handlers_[category] = card;
    auto& counts = handler_counts_[category];
    counts = std::make_unique<handler_counts>();
    handler_environment environment{category,
                                    aggregate.kernel,
                                    writer_,
                                    readers_,
                                    card,
                                    &clock_,
                                    options_.node,
                                    snapshots_,
                                    snapshot_places_,
                                    options_.snapshot_every,
                                    log_.shared(),
                                    options_.shared.where,
                                    options_.trace};
    handler_limits limits{
        options_.max_resident, options_.max_awake,  options_.max_in_flight_per_entity,
        options_.idle_timeout, options_.rest_after, options_.handler_policy};
    return {name, "supervisor", options_.component_policy,
            [environment, limits, known = &registry_, of_category = counts.get()](
                caf::event_based_actor& parent, card_ptr own) -> caf::actor {
              return parent.spawn<command_handlers>(std::move(own), environment, limits, *known,
                                                    *of_category);
            }};
  }

  child_spec subscriber_spec(const std::string& category) {
    return {category, "subscriber", options_.component_policy,
            [this, category](caf::event_based_actor& parent, card_ptr card) -> caf::actor {
              return parent.spawn<subscriber, caf::detached>(std::move(card), log_, category,
                                                             options_.max_commits_per_batch, clock_,
                                                             heads_.at(category));
            }};
  }

  child_spec projector_spec(projector_environment environment) {
    const auto name = environment.kernel->name();
    return {name, "projector", options_.backoff_policy,
            [environment = std::move(environment)](caf::event_based_actor& parent,
                                                   card_ptr card) -> caf::actor {
              return parent.spawn<projector_actor, caf::detached>(std::move(card), environment);
            }};
  }

  child_spec watchdog_spec() {
    return {"watchdog", "timer", options_.component_policy,
            [this](caf::event_based_actor& parent, card_ptr card) -> caf::actor {
              return parent.spawn<watchdog_actor, caf::detached>(
                  std::move(card), options_.watching.every, [this] { look_for_stalls(); },
                  watchdog_);
            }};
  }

  /// Looks at the cards alone: asking an actor, or the log, could hang with them.
  void look_for_stalls() {
    std::vector<watched_component> all;
    for (const auto& card : registry_.all()) {
      const auto seen = card->read();
      if (seen.status != actor_status::running || card->path() == "/watchdog") continue;
      all.push_back({card->path(),
                     card->kind(),
                     "",
                     seen.busy,
                     seen.waits_for,
                     seen.processed,
                     seen.processed + seen.steps,
                     false,
                     "",
                     seen.last_error,
                     {}});
    }
    add_bridges(all);
    for (std::size_t i = 0; i < projections_.size(); ++i) {
      const auto& path = projector_cards_[i]->path();
      const auto one = std::ranges::find(all, path, &watched_component::path);
      if (one == all.end()) continue;
      const auto come = progress_[i]->read(clock_.monotonic());
      const auto& category = projections_[i].what.kernel->category();
      const auto source = source_of(i);
      // What keeps the subscriber from reading is shown as the subscriber's.
      const bool fed = source->read().waits_for == awaited::nothing;
      one->progress = come.position + projector_cards_[i]->read().steps;
      one->has_work = !come.paused && !come.standby && fed && come.position < heads_.at(category);
      one->restartable = {path, source->path()};
    }
    for (const auto& path : watchdog_.look(clock_.monotonic(), all)) {
      const auto card = registry_.find(path);
      card->record_error("had work and did nothing; restarted by the watchdog");
      if (auto handle = card->handle())
        caf::anon_send_exit(handle, caf::exit_reason::unhandled_exception);
    }
  }

  /// The parts of the bridges that serve.
  void add_bridges(std::vector<watched_component>& all) {
    const std::lock_guard lock(bridges_mutex_);
    for (const auto& one : bridges_) {
      const auto card = registry_.find("/bridges/" + one->name());
      if (!card) continue;
      const auto seen = card->read();
      if (seen.status != actor_status::running || seen.waits_for != awaited::nothing) continue;
      for (auto& part : one->work()) {
        watched_component watched;
        watched.path = card->path();
        watched.kind = card->kind();
        watched.part = std::move(part.part);
        watched.progress = part.steps;
        watched.has_work = !part.waits_for.empty();
        watched.outside = std::move(part.waits_for);
        watched.last_error = seen.last_error;
        all.push_back(std::move(watched));
      }
    }
  }

  /// The subscriber that a projector gets its batches from.
  card_ptr source_of(std::size_t projection) const {
    const auto& bound = projections_[projection];
    return registry_.find("/features/" + bound.feature + "/subscribers/" +
                          bound.what.kernel->category());
  }

  child_spec bridge_spec(const std::shared_ptr<bridge>& one, one_shot<result<void>> first_start) {
    return {one->name(), "bridge", options_.backoff_policy,
            [one, first_start = std::move(first_start)](caf::event_based_actor& parent,
                                                        card_ptr card) -> caf::actor {
              return parent.spawn<bridge_actor, caf::detached>(std::move(card), one, first_start);
            }};
  }

  /// To the entity's handler: on the node that owns the entity, or here.
  void route(pending_command::abandoned one) {
    const auto& shared = options_.shared;
    if (one.here_only || shared.where == nullptr || shared.where->here(one.command.stream.name())) {
      trace(one, "", span_kind::internal);
      hand_in(std::move(one));
      return;
    }
    trace(one, "forward ", span_kind::client);
    shared.forward(std::move(one.command), std::move(one.done),
                   [this](command what, completion done) {
                     pending_command::abandoned back;
                     back.command = std::move(what);
                     back.done = std::move(done);
                     back.here_only = true;
                     trace(back, "", span_kind::internal);
                     hand_in(std::move(back));
                   });
  }

  /// Has the command's span, if it is to have one, told of what becomes of it. Once for each
  /// command: an attempt after a crash is a part of the same work.
  void trace(pending_command::abandoned& one, const char* what, span_kind kind) {
    if (options_.trace == nullptr || one.attempts > 0) return;
    auto& command = one.command;
    auto made = options_.trace->begin(command.context.traceparent, what + command.type, kind);
    if (!made) return;
    note_command(*made, command.stream.category, command.stream.id, command.type,
                 command.context.command_id);
    one.done = traced(*options_.trace, std::move(made), command.context, std::move(one.done));
  }

  void hand_in(pending_command::abandoned one) {
    const auto card = handlers_.at(one.command.stream.category);
    const auto attempts = one.attempts;
    deliver message{std::make_shared<pending_command>(std::move(one), rescue_)};
    if (attempts < 2) {
      card->tell(std::move(message));
    } else {
      card->tell_later(first_pause * (1U << (attempts - 2)), std::move(message));
    }
  }

  /// A crash has dropped a command. If nobody has begun to store it, it is handed in again; else
  /// the log knows.
  void take_over(pending_command::abandoned dropped) {
    if (!dropped.given_back) rescued_.fetch_add(1);
    if (stopping_) {
      answer(dropped, dropped.in_log ? outcome_status::in_doubt : outcome_status::unavailable, "",
             "the node is stopping");
    } else if (dropped.in_log) {
      ask_the_log(std::move(dropped));
    } else {
      hand_in_again(std::move(dropped));
    }
  }

  /// For a command of which nothing is stored, and nothing is on its way any more.
  void hand_in_again(pending_command::abandoned dropped) {
    if (dropped.attempts < max_attempts) {
      ++dropped.attempts;
      route(std::move(dropped));
    } else {
      answer(dropped, outcome_status::unavailable, "handler-failing",
             "the command handler or the log writer keeps failing; nothing was stored");
    }
  }

  void ask_the_log(pending_command::abandoned dropped) {
    auto one = std::make_shared<pending_command::abandoned>(std::move(dropped));
    auto look = [this, one](bool) {
      auto found = [this, one](lookup_result known) {
        if (!known) {
          answer(*one, outcome_status::in_doubt, "",
                 "the log could not be read to find out: " + known.error().message);
        } else if (const auto& before = known->front()) {
          one->done(answer_again(*before, one->command));
        } else {
          // A commit that is late on its way could still be stored: a look-up before the next
          // decision and the compare-and-set see to it that only one is.
          one->command.id_given = true;
          hand_in_again(std::move(*one));
        }
      };
      readers_.front()->tell(
          lookup{{one->command.context.command_id},
                 one_shot<lookup_result>(
                     found, error{errc::unavailable, "the log reader is restarting"})});
    };
    // Whatever was on its way to the log when the handler crashed is stored or refused before the
    // barrier answers.
    writer_->tell(barrier{one_shot<bool>(look, false)});
  }

  static void answer(const pending_command::abandoned& one, outcome_status status, std::string code,
                     std::string detail) {
    command_outcome outcome;
    outcome.status = status;
    outcome.stream = one.command.stream;
    outcome.command_id = one.command.context.command_id;
    outcome.code = std::move(code);
    outcome.detail = std::move(detail);
    outcome.retry_after = 1;
    one.done(std::move(outcome));
  }

  void leave() {
    if (in_flight_.fetch_sub(1) == 1 && draining_) {
      const std::lock_guard lock(idle_mutex_);
      idle_.notify_all();
    }
  }

  /// Called on the log writer's thread, so listeners must be quick.
  void announce_growth(const std::string& category, const log_grew& grown) {
    if (const auto found = heads_.find(category); found != heads_.end())
      found->second = std::max(found->second.load(), grown.head);
    if (const auto found = subscribers_.find(category); found != subscribers_.end()) {
      for (const auto& card : found->second) card->tell(grown);
    }
    if (const auto found = growth_.find(category); found != growth_.end()) found->second.notify();
  }

  static void list_handlers_of(const actor_card& card, const std::string& prefix,
                               const std::string& after, std::size_t limit,
                               std::vector<actor_info>& found) {
    const auto base = card.path() + '/';
    if (!prefix.starts_with(base) && !base.starts_with(prefix)) return;
    const auto id_prefix = prefix.starts_with(base) ? prefix.substr(base.size()) : std::string();
    // Behind all of this supervisor's handlers already?
    if (!after.starts_with(base) && after > base) return;
    const auto id_after = after.starts_with(base) ? after.substr(base.size()) : std::string();
    auto listed = ask<std::vector<handler_info>>(card, {}, soon(), [&](auto reply) {
      return list_handlers{id_prefix, id_after, limit, std::move(reply)};
    });
    if (!listed) return;
    for (auto& one : *listed) found.push_back(info_of(card.path(), std::move(one)));
  }

  /// The supervisor of handlers and the entity id that a path names.
  std::pair<card_ptr, std::string> handler_at(const std::string& path) const {
    for (const auto& [category, card] : handlers_) {
      const auto base = card->path() + '/';
      if (path.starts_with(base)) return {card, path.substr(base.size())};
    }
    return {nullptr, ""};
  }

  std::optional<std::size_t> index_of(const std::string& name) const {
    for (std::size_t i = 0; i < projections_.size(); ++i) {
      if (projections_[i].what.kernel->name() == name) return i;
    }
    return std::nullopt;
  }

  /// What a projector answers about its parked events.
  template <class Answer, class Make>
  result<Answer> ask_projector(const std::string& name, Make make) {
    const auto at = index_of(name);
    if (!at) return no_projection(name);
    auto done = ask<result<Answer>>(
        *projector_cards_[*at],
        error{errc::in_doubt, "the projector broke down meanwhile; look at the dead letters again"},
        std::chrono::steady_clock::now() + change_timeout, std::move(make));
    if (done) return std::move(*done);
    return error{errc::in_doubt,
                 "the projector is busy and does it when it has finished its batch; look at the "
                 "dead letters again"};
  }

  /// What the projector last failed on; its card also knows of parked events and of crashes that
  /// were not its own doing.
  std::string error_of(std::size_t at, const std::string& of_progress) const {
    const auto of_card = projector_cards_[at]->read().last_error;
    return of_card.empty() ? of_progress : of_card;
  }

  static error no_projection(const std::string& name) {
    return {errc::not_found, "there is no projection '" + name + "'"};
  }

  const engine_options options_;
  event_log& log_;
  const clock& clock_;
  actor_registry registry_;
  watchdog watchdog_;
  const std::vector<bound_projection> projections_;
  pending_command::on_abandoned rescue_;
  std::atomic<std::size_t> in_flight_{0};
  std::atomic<std::uint64_t> shed_{0};
  std::atomic<std::uint64_t> rescued_{0};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> draining_{false};
  std::mutex idle_mutex_;
  std::condition_variable idle_;
  std::map<std::string, std::unique_ptr<handler_counts>> handler_counts_;  ///< By category.

  card_ptr root_;
  card_ptr writer_;
  card_ptr snapshots_;
  const std::shared_ptr<snapshot_queue> snapshot_places_ = std::make_shared<snapshot_queue>();
  const std::shared_ptr<log_health> log_health_ = std::make_shared<log_health>();
  std::vector<card_ptr> readers_;
  std::map<std::string, card_ptr> handlers_;                  ///< By category.
  std::map<std::string, std::vector<card_ptr>> subscribers_;  ///< By category.
  std::map<std::string, notifier> growth_;                    ///< By category.
  /// Where each category is known to end, for the watchdog.
  std::map<std::string, std::atomic<position_t>> heads_;
  /// Of the projections, in their order.
  std::vector<std::shared_ptr<projection_progress>> progress_;
  std::vector<card_ptr> projector_cards_;
  std::vector<child_spec> feature_specs_;
  /// Of `bridges_`, while one is added or the watchdog looks.
  std::mutex bridges_mutex_;
  std::vector<std::shared_ptr<bridge>> bridges_;
  std::unique_ptr<watch> moves_;

  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
};

engine::engine(engine_options options, const std::vector<feature>& features,
               std::vector<bound_projection> projections, event_log& log, const clock& time)
    : implementation_(std::make_unique<implementation>(std::move(options), features,
                                                       std::move(projections), log, time)) {}

engine::~engine() { stop(); }

void engine::start() { implementation_->start(); }

result<void> engine::start_bridges(std::vector<std::shared_ptr<bridge>> bridges) {
  return implementation_->start_bridges(std::move(bridges));
}

bool engine::drain(monotonic_time deadline) { return implementation_->drain(deadline); }

void engine::stop() { implementation_->stop(); }

void engine::submit(command one, completion done) {
  implementation_->submit(std::move(one), std::move(done), false);
}

void engine::submit_here(command one, completion done) {
  implementation_->submit(std::move(one), std::move(done), true);
}

std::vector<actor_info> engine::actors(const std::string& kind, const std::string& prefix,
                                       const std::string& after, std::size_t limit) {
  return implementation_->actors(kind, prefix, after, limit);
}

std::vector<actor_info> engine::components() const { return implementation_->components(); }

std::size_t engine::actor_count(const std::string& kind) {
  return implementation_->actor_count(kind);
}

result<std::pair<actor_info, json>> engine::actor(const std::string& path) {
  return implementation_->actor(path);
}

result<void> engine::restart(const std::string& path) { return implementation_->restart(path); }

std::vector<projection_info> engine::projections() const { return implementation_->projections(); }

bool engine::await_projection(const std::string& name, position_t position,
                              monotonic_time deadline) const {
  return implementation_->await_projection(name, position, deadline);
}

result<std::unique_ptr<watch>> engine::watch_projection(const std::string& name,
                                                        std::function<void()> changed) const {
  return implementation_->watch_projection(name, std::move(changed));
}

result<std::unique_ptr<watch>> engine::watch_category(const std::string& category,
                                                      std::function<void()> changed) const {
  return implementation_->watch_category(category, std::move(changed));
}

result<void> engine::pause_projection(const std::string& name) {
  return implementation_->pause(name);
}

result<void> engine::resume_projection(const std::string& name) {
  return implementation_->resume(name);
}

result<void> engine::rebuild_projection(const std::string& name) {
  return implementation_->rebuild(name);
}

result<retried_events> engine::retry_parked_event(const std::string& projection, std::uint64_t id) {
  return implementation_->retry_parked_event(projection, id);
}

result<dead_letter> engine::discard_parked_event(const std::string& projection, std::uint64_t id) {
  return implementation_->discard_parked_event(projection, id);
}

std::vector<std::pair<std::string, std::string>> engine::troubles() const {
  return implementation_->troubles();
}

std::optional<std::string> engine::log_trouble() const { return implementation_->log_trouble(); }

std::vector<stalled_component> engine::stalled() const { return implementation_->stalled(); }

engine_counts engine::counts() const { return implementation_->counts(); }

}  // namespace troupe::host
