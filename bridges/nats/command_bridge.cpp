#include <mutex>
#include <utility>

#include "bridges/nats/channels.hpp"
#include "bridges/nats/command_channel.hpp"

namespace troupe::nats {
namespace {

class command_bridge final : public bridge {
 public:
  command_bridge(std::shared_ptr<connection> broker, application& app, const clock& time,
                 id_source& ids, channel_options options)
      : broker_(std::move(broker)),
        app_(app),
        clock_(time),
        options_(std::move(options)),
        names_(options_.cluster),
        intake_(time, ids, options_.intake) {}
  ~command_bridge() override { stop(); }

  [[nodiscard]] const std::string& name() const override {
    static const std::string own = "nats-commands";
    return own;
  }

  result<void> start(on_failure failed) override {
    const auto attempt = [&] { return try_to_start(failed); };
    // Later starts are repeated by the supervisor, with growing pauses.
    const bool first = !std::exchange(was_started_, true);
    return first ? with_patience(*broker_, options_.wait, attempt) : attempt();
  }

  void drain() override {
    {
      const std::lock_guard lock(mutex_);
      for (const auto& one : channels_) one->close();
    }
    pending_->await_none();
  }

  void stop() override {
    pending_->give_up();
    const std::lock_guard lock(mutex_);
    channels_.clear();
  }

  [[nodiscard]] json describe() const override {
    const std::lock_guard lock(mutex_);
    json channels = json::array();
    for (const auto& one : channels_) channels.push_back(one->describe());
    return {{"channels", std::move(channels)}};
  }

  [[nodiscard]] std::vector<bridge_work> work() const override {
    std::vector<bridge_work> all;
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) return all;
    for (const auto& one : channels_) all.push_back(one->work());
    return all;
  }

  result<std::vector<parked_message>> parked(std::uint64_t after, std::size_t limit) override {
    const std::lock_guard lock(mutex_);
    if (!parked_) return std::vector<parked_message>();
    return parked_->list(after, limit);
  }

 private:
  result<void> try_to_start(const on_failure& failed) {
    auto parked = parked_commands::open(broker_, names_, options_.replicas);
    if (!parked) return parked.error();
    const std::lock_guard lock(mutex_);
    channels_.clear();
    pending_ = std::make_shared<under_way>();
    parked_ = std::move(*parked);
    environment_ = std::make_unique<channel_environment>(
        channel_environment{broker_, names_, app_, clock_, intake_, *parked_, pending_,
                            options_.max_in_flight, options_.where, options_.trace});
    for (const auto& category : options_.categories) {
      for (auto& source : command_sources(names_, category)) {
        auto channel = command_channel::open(*environment_, category, std::move(source), failed);
        if (!channel) {
          channels_.clear();
          return channel.error();
        }
        channels_.push_back(std::move(*channel));
      }
    }
    return {};
  }

  const std::shared_ptr<connection> broker_;
  application& app_;
  const clock& clock_;
  const channel_options options_;
  const names names_;
  const command_intake intake_;
  bool was_started_ = false;  ///< Of the actor's thread.
  mutable std::mutex mutex_;
  std::unique_ptr<parked_commands> parked_;
  std::unique_ptr<channel_environment> environment_;
  std::vector<std::unique_ptr<command_channel>> channels_;
  /// Of all channels since the start.
  std::shared_ptr<under_way> pending_ = std::make_shared<under_way>();
};

}  // namespace

std::shared_ptr<bridge> make_command_bridge(std::shared_ptr<connection> broker, application& app,
                                            const clock& time, id_source& ids,
                                            channel_options options) {
  return std::make_shared<command_bridge>(std::move(broker), app, time, ids, std::move(options));
}

}  // namespace troupe::nats
