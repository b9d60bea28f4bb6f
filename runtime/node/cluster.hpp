#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "runtime/core/bridge.hpp"
#include "runtime/core/message_bus.hpp"
#include "runtime/core/notifier.hpp"
#include "runtime/core/placement.hpp"
#include "runtime/node/membership.hpp"

namespace troupe {

/// How often a node announces itself.
inline constexpr std::chrono::milliseconds announcement_interval{500};

/// A node among its peers: announces itself, hears them, says where everything runs, and carries
/// questions between them. Run by a supervised actor: /bridges/cluster. Thread-safe.
class cluster final : public bridge, public placement {
 public:
  /// What this node does when a peer asks it something; any thread, must not block.
  using service = std::function<void(message_bus::message)>;

  /// `addresses` gives those of the other bridges, once they are known.
  cluster(message_bus& bus, announcement own, const clock& time, std::function<json()> addresses);
  cluster(const cluster&) = delete;
  cluster& operator=(const cluster&) = delete;
  ~cluster() override { stop(); }

  /// Before the start: what peers may ask under this name.
  void serve(std::string question, service answer);

  [[nodiscard]] const std::string& name() const override;
  result<void> start(on_failure failed) override;
  /// Answers what peers have asked, says farewell and is silent from then on.
  void drain() override;
  void stop() override;
  [[nodiscard]] json describe() const override;

  [[nodiscard]] bool here(std::string_view name) const override;
  [[nodiscard]] std::string node_of(std::string_view name) const override;
  [[nodiscard]] std::unique_ptr<watch> on_change(std::function<void()> changed) const override {
    return changed_.listen(std::move(changed));
  }

  /// Announced at once: peers take over what this node owns.
  void set_draining();
  /// A node that does not answer. Should it live, it is heard again within half a second.
  void suspect(const std::string& incarnation);

  /// Everything known at one moment.
  struct picture {
    announcement own;
    std::vector<membership::peer> peers;  ///< By incarnation.
    std::shared_ptr<const shard_map> shards;
  };
  [[nodiscard]] picture now() const;
  /// The incarnation that owns a name.
  [[nodiscard]] std::string owner_of(std::string_view name) const;
  [[nodiscard]] bool knows(const std::string& incarnation) const;

  /// Asks a peer; see `message_bus::ask`.
  void ask(const std::string& incarnation, const std::string& question, const std::string& body,
           monotonic_time deadline, message_bus::answered done);

 private:
  /// Questions of peers that are not yet answered; shared with the answers, which may come late.
  struct open_questions {
    std::mutex mutex;
    std::condition_variable none;
    std::size_t count = 0;
    bool given_up = false;
  };

  void hear(const message_bus::message& said);
  void take(const service& answer, message_bus::message asked);
  void tick();
  void run();
  /// What follows from a change. Without `mutex_`.
  void after(membership::change change);
  bool announce(bool leaving = false);
  void end_listening();

  message_bus& bus_;
  const clock& clock_;
  const std::function<json()> addresses_;
  std::map<std::string, service> services_;
  notifier changed_;
  mutable std::mutex mutex_;
  membership known_;
  std::atomic<std::uint64_t> announced_ = 0;
  const std::shared_ptr<open_questions> open_ = std::make_shared<open_questions>();

  std::mutex life_;  ///< Held by start, stop and drain.
  std::vector<std::unique_ptr<watch>> listening_;
  std::thread announcer_;
  std::condition_variable turn_;  ///< With `mutex_`.
  bool over_ = true;
};

}  // namespace troupe
