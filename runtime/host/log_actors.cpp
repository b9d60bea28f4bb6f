#include "runtime/host/log_actors.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

namespace troupe::host {
namespace {

/// A flush takes no more commits than this, so that the first one in it does not wait for ever for
/// the last.
constexpr std::size_t max_commits_per_flush = 1024;

/// Short, so that each copy of the write-ahead log keeps the disk busy for a moment only.
constexpr auto maintenance_interval = std::chrono::milliseconds(200);

/// Whether a failure is the log's own and not the command's.
bool is_of_the_log(errc code) {
  return code == errc::unavailable || code == errc::in_doubt || code == errc::corrupt ||
         code == errc::internal;
}

/// What was stored, as a reader of the log would get it.
delivered_ptr delivered(commit stored, position_t position, std::vector<envelope> events) {
  auto made = std::make_shared<delivered_commit>();
  stored.body.clear();
  made->events.reserve(events.size());
  auto version = stored.first_version;
  for (auto& event : events)
    made->events.push_back({std::move(event), stored.stream, version++, position});
  made->commit = {std::move(stored), position};
  return made;
}

}  // namespace

log_writer::log_writer(caf::actor_config& config, card_ptr card, event_log& log, on_growth grown,
                       std::shared_ptr<log_health> health)
    : component(config, std::move(card)),
      log_(log),
      grown_(std::move(grown)),
      health_(std::move(health)) {}

caf::message_handler log_writer::handlers() {
  return caf::message_handler{
      [this](const append& message) {
        waiting_commits_ += message.job->request ? message.job->request->commits.size() : 1;
        waiting_.push_back(message.job);
        if (waiting_commits_ >= max_commits_per_flush) {
          write();
        } else if (!std::exchange(flush_sent_, true)) {
          // Everything already in the mailbox comes before this message, and so into the same
          // flush.
          send(this, flush{});
        }
      },
      [this](const barrier& message) {
        barriers_.push_back(message);
        if (!std::exchange(flush_sent_, true)) send(this, flush{});
      },
      [this](const flush&) {
        flush_sent_ = false;
        write();
      },
  };
}

void log_writer::write() {
  const auto jobs = std::exchange(waiting_, {});
  const auto barriers = std::exchange(barriers_, {});
  waiting_commits_ = 0;
  std::vector<append_request> requests;
  std::vector<kept_outcome> outcomes;
  for (const auto& job : jobs) {
    if (job->request) requests.push_back(std::move(*job->request));
    std::ranges::move(job->outcomes, std::back_inserter(outcomes));
  }
  std::vector<append_result> results;
  if (!requests.empty() || !outcomes.empty()) {
    const waiting_for outside(*card(), awaited::log);
    results = log_.append(requests, outcomes);
    ++flushes_;
  }

  std::map<std::string, std::vector<delivered_ptr>> grown;
  last_failure_.clear();
  std::size_t next = 0;
  std::size_t next_kept = requests.size();
  for (const auto& job : jobs) {
    append_result stored;
    if (job->request) {
      auto& commits = requests[next].commits;
      stored = std::move(results[next++]);
      commits_ += stored.positions.size();
      for (std::size_t i = 0; i < stored.positions.size(); ++i) {
        auto& of_category = grown[commits[i].stream.category];
        of_category.push_back(
            delivered(std::move(commits[i]), stored.positions[i], std::move(job->events[i])));
      }
    }
    // Of several failures that of the log counts.
    for (std::size_t i = 0; i < job->outcomes.size(); ++i) {
      auto& failure = results[next_kept++].failure;
      if (failure && (!stored.failure || is_of_the_log(failure->code)))
        stored.failure = std::move(failure);
    }
    if (stored.failure) last_failure_ = stored.failure->message;
    if (stored.failure && is_of_the_log(stored.failure->code)) {
      health_->fails(stored.failure->message);
    } else if (!stored.failure || !stored.positions.empty()) {
      health_->works();
    }
    job->reply(std::move(stored));
  }
  for (const auto& one : barriers) one.reply(true);
  for (auto& [category, stored] : grown) {
    std::ranges::sort(stored, {}, [](const auto& one) { return one->commit.position; });
    grown_(category, std::move(stored));
  }
}

json log_writer::state() const {
  return {{"flushes", flushes_},
          {"commits", commits_},
          {"waitingCommits", waiting_commits_},
          {"lastFailure", last_failure_}};
}

log_reader::log_reader(caf::actor_config& config, card_ptr card, event_log& log,
                       use_snapshots snapshots)
    : component(config, std::move(card)), log_(log), snapshots_(snapshots) {}

caf::message_handler log_reader::handlers() {
  return caf::message_handler{
      [this](const load& message) {
        const waiting_for outside(*card(), awaited::log);
        ++entities_;
        auto loaded = std::make_shared<result<loaded_entity>>(
            load_entity(log_, *message.kernel, message.stream, std::nullopt, snapshots_));
        if (*loaded && (*loaded)->snapshot > 0) ++from_snapshot_;
        message.reply(std::move(loaded));
      },
      [this](const lookup& message) {
        const waiting_for outside(*card(), awaited::log);
        ++lookups_;
        std::vector<std::optional<known_command>> found;
        found.reserve(message.command_ids.size());
        for (const auto& id : message.command_ids) {
          auto known = find_known(log_, id);
          if (!known) {
            message.reply(std::move(known).error());
            return;
          }
          found.push_back(std::move(*known));
        }
        message.reply(std::move(found));
      },
      [this](const confirm_version& message) {
        ++confirmations_;
        const waiting_for outside(*card(), awaited::log);
        auto later = log_.read_stream(message.stream, message.version + 1, 1);
        message.reply(later ? result<bool>(later->empty()) : std::move(later).error());
      },
  };
}

json log_reader::state() const {
  return {{"entitiesLoaded", entities_},
          {"fromSnapshot", from_snapshot_},
          {"lookups", lookups_},
          {"confirmations", confirmations_}};
}

log_maintenance::log_maintenance(caf::actor_config& config, card_ptr card, event_log& log,
                                 const troupe::clock& time, std::shared_ptr<log_health> health)
    : component(config, std::move(card)), log_(log), clock_(time), health_(std::move(health)) {}

caf::message_handler log_maintenance::handlers() {
  delayed_send(this, maintenance_interval, tick{});
  return caf::message_handler{[this](const tick&) {
    const waiting_for outside(*card(), awaited::log);
    auto kept_up = log_.maintain(clock_.now());
    ++runs_;
    last_failure_ = kept_up ? "" : kept_up.error().message;
    if (kept_up) {
      health_->works();
    } else {
      health_->fails(last_failure_);
    }
    delayed_send(this, maintenance_interval, tick{});
  }};
}

json log_maintenance::state() const { return {{"runs", runs_}, {"lastFailure", last_failure_}}; }

}  // namespace troupe::host
