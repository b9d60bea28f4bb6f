#include <mutex>
#include <thread>
#include <utility>

#include "bridges/nats/channels.hpp"
#include "bridges/nats/command_channel.hpp"

namespace troupe::nats {
namespace {

constexpr auto look_at_drain = std::chrono::milliseconds(10);

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
    auto parked = parked_commands::open(broker_, names_, options_.replicas);
    if (!parked) return parked.error();
    const std::lock_guard lock(mutex_);
    stopped_ = false;
    channels_.clear();
    parked_ = std::move(*parked);
    environment_ = std::make_unique<channel_environment>(channel_environment{
        broker_, names_, app_, clock_, intake_, *parked_, options_.max_in_flight});
    for (const auto& category : options_.categories) {
      auto channel =
          command_channel::open(*environment_, category, names_.stream(category), failed);
      if (!channel) {
        channels_.clear();
        return channel.error();
      }
      channels_.push_back(std::move(*channel));
    }
    return {};
  }

  void drain() override {
    for (bool first = true;; first = false) {
      {
        const std::lock_guard lock(mutex_);
        std::size_t left = 0;
        for (const auto& one : channels_) {
          if (first) one->close();
          left += one->in_flight();
        }
        if (stopped_ || left == 0) return;
      }
      std::this_thread::sleep_for(look_at_drain);
    }
  }

  void stop() override {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    channels_.clear();
  }

  [[nodiscard]] json describe() const override {
    const std::lock_guard lock(mutex_);
    json channels = json::array();
    for (const auto& one : channels_) channels.push_back(one->describe());
    return {{"channels", std::move(channels)}};
  }

  result<std::vector<parked_message>> parked(std::uint64_t after, std::size_t limit) override {
    const std::lock_guard lock(mutex_);
    if (!parked_) return std::vector<parked_message>();
    return parked_->list(after, limit);
  }

 private:
  const std::shared_ptr<connection> broker_;
  application& app_;
  const clock& clock_;
  const channel_options options_;
  const names names_;
  const command_intake intake_;
  mutable std::mutex mutex_;
  std::unique_ptr<parked_commands> parked_;
  std::unique_ptr<channel_environment> environment_;
  std::vector<std::unique_ptr<command_channel>> channels_;
  bool stopped_ = false;
};

}  // namespace

std::shared_ptr<bridge> make_command_bridge(std::shared_ptr<connection> broker, application& app,
                                            const clock& time, id_source& ids,
                                            channel_options options) {
  return std::make_shared<command_bridge>(std::move(broker), app, time, ids, std::move(options));
}

}  // namespace troupe::nats
