#include "bridges/nats/nats_event_log.hpp"

#include <utility>

#include "bridges/nats/broker_probe.hpp"
#include "bridges/nats/category_reader.hpp"
#include "bridges/nats/command_index.hpp"
#include "bridges/nats/entity_reader.hpp"
#include "bridges/nats/growth_watch.hpp"
#include "bridges/nats/kept_outcomes.hpp"
#include "bridges/nats/log_writer.hpp"
#include "bridges/nats/snapshot_bucket.hpp"
#include "bridges/nats/unique_name.hpp"

namespace troupe::nats {
namespace {

constexpr auto for_ever = std::chrono::hours(0);
constexpr auto outcomes_kept_for = std::chrono::hours(24);

/// Of as many entities as there may be command handlers, and some more.
constexpr std::size_t remembered_places = 200'000;

struct buckets {
  stream_facts commands;
  stream_facts outcomes;
  stream_facts snapshots;
};

result<buckets> open_buckets(streams& all) {
  auto commands = all.bucket("commands", for_ever);
  if (!commands) return std::move(commands).error();
  auto outcomes = all.bucket("outcomes", outcomes_kept_for);
  if (!outcomes) return std::move(outcomes).error();
  auto snapshots = all.bucket("snapshots", for_ever);
  if (!snapshots) return std::move(snapshots).error();
  return buckets{std::move(*commands), std::move(*outcomes), std::move(*snapshots)};
}

class nats_event_log final : public event_log {
 public:
  nats_event_log(std::shared_ptr<connection> broker, log_options options,
                 std::unique_ptr<streams> all, buckets kept)
      : broker_(std::move(broker)),
        options_(std::move(options)),
        names_(options_.cluster),
        streams_(std::move(all)),
        messages_(broker_),
        newest_(remembered_places),
        outcomes_(names_, messages_, std::move(kept.outcomes)),
        index_(broker_, names_, *streams_, messages_, outcomes_, std::move(kept.commands)),
        categories_(names_, *streams_, messages_),
        entities_(broker_, names_, *streams_, messages_, newest_),
        snapshots_(broker_, names_, messages_, std::move(kept.snapshots)),
        writer_(broker_, names_, *streams_, messages_, index_, categories_, newest_, outcomes_,
                own_name_) {}

  result<void> prepare(const std::vector<std::string>& categories) override {
    for (const auto& category : categories) {
      const auto make = [&] { return streams_->find_or_make(category); };
      if (auto made = with_patience(*broker_, options_.wait, make); !made) return made.error();
    }
    return {};
  }

  [[nodiscard]] bool shared() const override { return true; }

  void watch(on_growth grown) override {
    watch_.reset();
    if (grown)
      watch_ = std::make_unique<growth_watch>(broker_, names_, own_name_, std::move(grown));
  }

  std::vector<append_result> append(std::span<const append_request> requests,
                                    std::span<const kept_outcome> outcomes) override {
    return writer_.append(requests, outcomes);
  }

  result<std::vector<recorded_commit>> read_stream(const stream_id& stream, version_t from,
                                                   std::size_t limit) override {
    if (auto settled = writer_.settled(); !settled) return settled.error();
    return entities_.read(stream, from, limit);
  }

  result<std::vector<recorded_commit>> read_category(const std::string& category, position_t from,
                                                     std::size_t limit) override {
    return categories_.read(category, from, limit);
  }

  result<position_t> head(const std::string& category) override {
    if (auto connected = broker_->connected(); !connected) return connected.error();
    return categories_.head(category);
  }

  result<std::optional<recorded_commit>> find_command(const std::string& command_id) override {
    if (auto settled = writer_.settled(); !settled) return settled.error();
    if (!check_command_id(command_id)) return std::optional<recorded_commit>();
    return index_.find(command_id);
  }

  result<std::optional<kept_outcome>> find_outcome(const std::string& command_id) override {
    if (!check_command_id(command_id)) return std::optional<kept_outcome>();
    return outcomes_.find(command_id);
  }

  result<std::optional<snapshot>> load_snapshot(const stream_id& stream) override {
    if (!check_stream(stream)) return std::optional<snapshot>();
    auto saved = snapshots_.load(stream);
    if (!saved || !*saved) return saved;
    // The bucket may be older or newer than the stream, after a restore for example: a state that
    // the log does not bear out is none.
    auto in = streams_->find(stream.category);
    if (!in) return std::move(in).error();
    if (!*in) return std::optional<snapshot>();
    auto found = messages_.at(**in, (*saved)->position);
    if (!found) return std::move(found).error();
    if (!*found || (*found)->subject != names_.events(stream)) return std::optional<snapshot>();
    const auto commit = from_message(**found, stream.category, stream.id).recorded.data;
    const auto version = (*saved)->version;
    if (version < commit.first_version || version > commit.last_version()) {
      return std::optional<snapshot>();
    }
    if (version == commit.last_version()) {
      entities_.remember(stream, {version, (*saved)->position});
    }
    return saved;
  }

  result<load_start> start_load(const stream_id& stream, std::size_t limit) override {
    load_start begun;
    if (auto settled = writer_.settled(); !settled) return settled.error();
    if (!check_stream(stream)) return begun;
    auto in = streams_->find(stream.category);
    if (!in) return std::move(in).error();
    if (!*in) return begun;
    auto found = messages_.last_of_each({{**in, names_.events(stream)}, snapshots_.place(stream)});
    if (!found) return std::move(found).error();
    const auto& last = found->front();
    if (const auto& saved = found->back())
      begun.saved = snapshot_bucket::from_message(stream, *saved);
    if (!last) return begun;
    const auto from = begun.saved ? begun.saved->version : 1;
    const auto at = begun.saved ? begun.saved->position : 0;
    auto commits = entities_.read(**in, stream, *last, from, at, limit);
    if (!commits) return std::move(commits).error();
    begun.commits = std::move(*commits);
    return begun;
  }

  result<void> save_snapshot(const snapshot& saved) override {
    if (auto checked = check_stream(saved.stream); !checked) return checked;
    return snapshots_.save(saved);
  }

  result<void> maintain(timestamp) override { return writer_.writable(); }

 private:
  const std::shared_ptr<connection> broker_;
  const log_options options_;
  const names names_;
  const std::string own_name_ = unique_name();
  const std::unique_ptr<streams> streams_;
  stored_messages messages_;
  places newest_;
  kept_outcomes outcomes_;
  command_index index_;
  category_reader categories_;
  entity_reader entities_;
  snapshot_bucket snapshots_;
  log_writer writer_;
  std::unique_ptr<growth_watch> watch_;
};

result<std::unique_ptr<event_log>> try_to_open(const std::shared_ptr<connection>& broker,
                                               const log_options& options) {
  if (auto safe = probe_broker(*broker, options.cluster, options.replicas); !safe) {
    return safe.error();
  }
  auto all = std::make_unique<streams>(broker, names(options.cluster), options.replicas);
  auto kept = open_buckets(*all);
  if (!kept) return std::move(kept).error();
  return std::unique_ptr<event_log>(
      std::make_unique<nats_event_log>(broker, options, std::move(all), std::move(*kept)));
}

}  // namespace

result<std::unique_ptr<event_log>> open_event_log(std::shared_ptr<connection> broker,
                                                  const log_options& options) {
  return with_patience(*broker, options.wait, [&] { return try_to_open(broker, options); });
}

}  // namespace troupe::nats
