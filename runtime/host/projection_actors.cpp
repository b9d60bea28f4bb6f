#include "runtime/host/projection_actors.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "runtime/host/failure.hpp"
#include "runtime/host/projection_spans.hpp"

namespace troupe::host {
namespace {

/// How often a subscriber looks at the log unasked, in case it was not told of growth.
constexpr auto poll_interval = std::chrono::seconds(1);

/// What a view may lag behind under load, so that its batches are worth their transactions.
constexpr auto pause_after_small_batch = std::chrono::milliseconds(10);

/// How long a projector waits for its subscriber to come back.
constexpr auto ask_again_delay = std::chrono::milliseconds(100);

/// How often a projector that stands by looks how far the view has come.
constexpr auto follow_interval = std::chrono::milliseconds(50);

/// How long one that has lost a step to another node leaves the view to that.
constexpr auto step_back = std::chrono::milliseconds(500);

}  // namespace

subscriber::subscriber(caf::actor_config& config, card_ptr card, event_log& log,
                       std::string category, std::size_t max_commits, const troupe::clock& time,
                       std::atomic<position_t>& known_head)
    : component(config, std::move(card)),
      log_(log),
      category_(std::move(category)),
      max_commits_(max_commits),
      time_(time),
      known_head_(known_head),
      recent_(max_commits) {}

caf::message_handler subscriber::handlers() {
  delayed_send(this, poll_interval, tick{});
  return caf::message_handler{
      [this](const want_batch& want) {
        waiting_.push_back(want);
        serve_soon();
      },
      [this](const log_grew& grown) {
        head_ = std::max(head_, grown.head);
        if (grown.stored) recent_.add_stored(*grown.stored);
        serve_soon();
      },
      [this](const read_ahead&) {
        if (!last_read_ || read_ahead_) return;
        const auto from = last_read_->last + 1;
        if (!recent_.reach(from)) read_ahead_ = read(from, max_commits_);
      },
      [this](const pause_over&) {
        pause_over_sent_ = false;
        serve_waiting();
      },
      [this](const tick&) {
        look_behind_head_ = true;
        serve_waiting();
        forget_old();
        look_for_growth();
        delayed_send(this, poll_interval, tick{});
      },
  };
}

void subscriber::serve_soon() {
  const auto now = time_.monotonic();
  if (now >= paused_until_) {
    serve_waiting();
  } else if (!std::exchange(pause_over_sent_, true)) {
    delayed_send(this, paused_until_ - now, pause_over{});
  }
}

void subscriber::serve_waiting() {
  // A batch read while the log was shorter must not be taken for the present end of the log.
  if (last_read_ && last_read_->last < head_ && last_read_->commits.size() < max_commits_)
    last_read_.reset();
  auto waiting = std::exchange(waiting_, {});
  std::erase_if(waiting, [this](const want_batch& want) { return serve(want); });
  waiting_ = std::move(waiting);
}

bool subscriber::serve(const want_batch& want) {
  // Whoever is there has seen the log reach this far; so all who wait behind `head_` wait for one
  // place.
  head_ = std::max(head_, want.from == 0 ? 0 : want.from - 1);
  if (read_ahead_ && read_ahead_->from == want.from) last_read_ = std::exchange(read_ahead_, {});
  if (!last_read_ || last_read_->from != want.from) {
    last_read_ = next(want.from);
    if (!last_read_) return false;
  }
  ++batches_;
  if (last_read_->commits.size() < max_commits_) {
    paused_until_ = time_.monotonic() + pause_after_small_batch;
  } else if (!read_ahead_) {
    send(this, read_ahead{});
  }
  want.reply(last_read_);
  return true;
}

subscriber::batch_ptr subscriber::next(position_t from) {
  auto known = recent_.from(from);
  if (known.commits.empty()) {
    // What this node is storing in this moment is handed over soon, and others tell what they
    // store.
    if (from > head_ && !look_behind_head_) return nullptr;
    auto batch = read(from, max_commits_);
    if (!batch && from > head_) look_behind_head_ = false;
    return batch;
  }
  const auto room = max_commits_ - known.commits.size();
  if (room > 0 && known.last < head_) {
    // A batch that ended at every gap would not be worth its transaction.
    if (const auto rest = read(known.last + 1, room)) {
      known.last = rest->last;
      known.commits.insert(known.commits.end(), rest->commits.begin(), rest->commits.end());
    }
  }
  return std::make_shared<const event_batch>(std::move(known));
}

subscriber::batch_ptr subscriber::read(position_t from, std::size_t max_commits) {
  auto batch = [&] {
    const waiting_for outside(*card(), awaited::log);
    return read_batch(log_, category_, from, max_commits);
  }();
  ++reads_;
  last_failure_ = batch ? "" : batch.error().message;
  card()->waits_for(batch ? awaited::nothing : awaited::log);
  if (!batch || batch->commits.empty()) return nullptr;
  head_ = std::max(head_, batch->last);
  recent_.add_read(*batch);
  return std::make_shared<const event_batch>(std::move(*batch));
}

void subscriber::forget_old() {
  // A projector that is still busy with a batch may ask for what is dropped here: it is read then.
  const auto needed = std::ranges::min_element(waiting_, {}, &want_batch::from);
  if (needed != waiting_.end()) recent_.drop_below(needed->from);
}

void subscriber::look_for_growth() {
  if (waiting_.empty()) return;
  const waiting_for outside(*card(), awaited::log);
  if (const auto head = log_.head(category_)) known_head_ = std::max(known_head_.load(), *head);
}

json subscriber::state() const {
  return {{"category", category_},       {"head", head_},   {"waitingProjectors", waiting_.size()},
          {"batchesSent", batches_},     {"reads", reads_}, {"maxCommitsPerBatch", max_commits_},
          {"lastFailure", last_failure_}};
}

projector_actor::projector_actor(caf::actor_config& config, card_ptr card,
                                 projector_environment environment)
    : component(config, std::move(card)), environment_(std::move(environment)) {
  parked_.max_events = environment_.max_dead_letters;
  parked_.park_now = [this](const event_place& place) {
    return environment_.progress->give_up_on(place, environment_.time->monotonic());
  };
}

caf::message_handler projector_actor::handlers() {
  // In a message of its own, so that a database that is away fails the actor and not its
  // supervisor.
  send(this, tick{});
  return caf::message_handler{
      [this](const tick&) {
        load_checkpoint();
        take_place();
        ask();
      },
      [this](const place_projector&) {
        take_place();
        ask();
      },
      [this](const follow_view&) { follow(); },
      [this](const batch_ready& message) {
        if (message.round != round_) return;
        asked_ = false;
        if (!message.batch) {
          delayed_send(this, ask_again_delay, ask_again{round_});
          return;
        }
        // A paused projector drops the batch; it asks again when it is resumed.
        if (environment_.progress->paused()) return;
        if (apply(message)) {
          ask();
        } else {
          delayed_send(this, step_back, ask_again{round_});
        }
      },
      [this](const ask_again& message) {
        if (message.round == round_) ask();
      },
      [this](const resume_projector&) { ask(); },
      [this](const rebuild_projector& request) { request.reply(rebuild()); },
      [this](const retry_event& request) { request.reply(retry(request.id)); },
      [this](const discard_event& request) { request.reply(discard(request.id)); },
  };
}

void projector_actor::fail(const error& why) {
  environment_.progress->failing(why.message);
  throw std::runtime_error(why.message);
}

result<void> projector_actor::rebuild() {
  const auto& kernel = *environment_.kernel;
  if (auto cleared = environment_.store->reset(kernel.name(), kernel.table()); !cleared) {
    return cleared;
  }
  if (environment_.progress->read(environment_.time->monotonic()).halted) {
    if (auto lifted = environment_.store->set_pause(kernel.name(), std::nullopt); !lifted) {
      return lifted;
    }
    environment_.progress->resume();
  }
  // A checkpoint ahead of the log is not reached again.
  const auto head = environment_.log->head(kernel.category());
  environment_.progress->rebuild_until(head ? std::min(checkpoint_, *head) : checkpoint_);
  load_checkpoint();
  ask();
  return {};
}

void projector_actor::stop_if_ahead_of_log() {
  const auto& kernel = *environment_.kernel;
  const waiting_for outside(*card(), awaited::log);
  const auto head = environment_.log->head(kernel.category());
  if (!head) fail(head.error());
  if (checkpoint_ <= *head) return;
  auto why = "the checkpoint of '" + kernel.name() + "' is at position " +
             std::to_string(checkpoint_) + ", but the log of '" + kernel.category() + "' ends at " +
             std::to_string(*head) +
             ": the log was cut or is another one; rebuild the projection (troupe projection "
             "rebuild " +
             kernel.name() + ")";
  if (auto kept = environment_.store->set_pause(kernel.name(), why); !kept) fail(kept.error());
  card()->record_error(why);
  environment_.progress->halt(std::move(why));
}

void projector_actor::load_checkpoint() {
  const waiting_for outside(*card(), awaited::view_store);
  const auto& name = environment_.kernel->name();
  auto pause = environment_.store->pause_reason(name);
  if (!pause) fail(pause.error());
  if (*pause && **pause == paused_on_request) {
    environment_.progress->pause();
  } else if (*pause) {
    card()->record_error(**pause);
    environment_.progress->halt(std::move(**pause));
  }
  auto checkpoint = environment_.store->checkpoint(name);
  if (!checkpoint) fail(checkpoint.error());
  checkpoint_ = *checkpoint;
  load_parked();
  ++round_;
  asked_ = false;
  environment_.progress->restarted_at(checkpoint_);
  stop_if_ahead_of_log();
}

void projector_actor::load_parked() {
  auto blocked = read_blocked_keys(environment_.kernel->name(), *environment_.store);
  if (!blocked) fail(blocked.error());
  parked_.blocked_keys = std::move(blocked->keys);
  parked_.events = blocked->events;
}

result<retried_events> projector_actor::retry(std::uint64_t id) {
  const auto& kernel = *environment_.kernel;
  auto& progress = *environment_.progress;
  if (progress.read(environment_.time->monotonic()).halted) {
    return error{errc::conflict, "the projection '" + kernel.name() +
                                     "' stands still because its log was cut; rebuild it"};
  }
  auto outcome =
      retry_parked(kernel, *environment_.store, *environment_.log, id, environment_.time->now());
  // Also after a failure: what came of a transaction in doubt shows in what is parked now.
  load_parked();
  if (outcome) progress.reached(checkpoint_, outcome->applied, 0, environment_.time->monotonic());
  return outcome;
}

result<dead_letter> projector_actor::discard(std::uint64_t id) {
  auto outcome = discard_parked(environment_.kernel->name(), *environment_.store, id);
  load_parked();
  return outcome;
}

void projector_actor::take_place() {
  const bool elsewhere = environment_.is_elsewhere();
  environment_.progress->set_standby(elsewhere);
  if (elsewhere == standby_) return;
  standby_ = elsewhere;
  if (standby_) {
    // What was asked for is not for this node any more.
    ++round_;
    asked_ = false;
    follow();
  } else {
    environment_.progress->resume();  // What was said on the other node is in the store.
    load_checkpoint();
  }
}

void projector_actor::follow() {
  if (!standby_) return;
  auto checkpoint = environment_.store->checkpoint(environment_.kernel->name());
  if (!checkpoint) fail(checkpoint.error());
  if (*checkpoint != checkpoint_) {
    checkpoint_ = *checkpoint;
    environment_.progress->restarted_at(checkpoint_);
  }
  delayed_send(this, follow_interval, follow_view{});
}

void projector_actor::ask() {
  if (asked_ || standby_ || environment_.progress->paused()) return;
  asked_ = true;
  using batch_ptr = std::shared_ptr<const event_batch>;
  auto receive = [self = caf::actor_cast<caf::actor>(this), round = round_](batch_ptr batch) {
    caf::anon_send(self, batch_ready{std::move(batch), round});
  };
  environment_.source->tell(
      want_batch{checkpoint_ + 1, one_shot<batch_ptr>(std::move(receive), nullptr)});
}

batch_outcome projector_actor::apply_watched(const event_batch& batch) {
  const waiting_for outside(*card(), awaited::nothing);
  return apply_batch(
      *environment_.kernel, *environment_.store, checkpoint_, batch, parked_,
      environment_.time->now(), [this](batch_step next) {
        if (next == batch_step::event) card()->advanced();
        card()->waits_for(next == batch_step::event ? awaited::nothing : awaited::view_store);
      });
}

bool projector_actor::apply(const batch_ready& message) {
  const auto& batch = *message.batch;
  auto& progress = *environment_.progress;
  const auto begun = environment_.time->monotonic();
  auto outcome = apply_watched(batch);
  ++batches_;
  if (const auto* poison = std::get_if<poison_event>(&outcome)) {
    progress.crashed_on(poison->place, poison->what, environment_.time->monotonic());
    throw traced_failure("event " + std::to_string(poison->place.version) + " at position " +
                             std::to_string(poison->place.position) + ": " + poison->what,
                         trace_id_of(batch, poison->place));
  }
  if (const auto* failure = std::get_if<error>(&outcome)) {
    if (failure->code == errc::conflict || failure->code == errc::in_doubt) {
      // Somebody else moved the checkpoint, or it is unknown whether this did: the store says where
      // to go on.
      load_checkpoint();
      take_place();
      return environment_.where == nullptr || failure->code == errc::in_doubt;
    }
    progress.failing(failure->message);
    throw std::runtime_error(failure->message);
  }
  const auto& applied = std::get<applied_batch>(outcome);
  checkpoint_ = batch.last;
  if (environment_.trace != nullptr && !progress.read(begun).rebuilding)
    trace_projection(*environment_.trace, *environment_.kernel, batch, applied, begun);
  if (applied.first_failure) {
    const auto& first = applied.parked[*applied.first_failure];
    card()->record_error("parked event " + std::to_string(first.version) + " of " +
                         first.stream.name() + " at position " + std::to_string(first.position) +
                         ": " + first.reason);
  }
  progress.reached(checkpoint_, applied.events, applied.parked.size(),
                   environment_.time->monotonic());
  return true;
}

json projector_actor::state() const {
  return {{"view", environment_.kernel->name()},
          {"category", environment_.kernel->category()},
          {"checkpoint", checkpoint_},
          {"batches", batches_},
          {"blockedKeys", parked_.blocked_keys.size()},
          {"parkedEvents", parked_.events},
          {"paused", environment_.progress->paused()},
          {"standby", standby_},
          {"waitingForEvents", asked_}};
}

}  // namespace troupe::host
