#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "bridges/nats/arrivals.hpp"
#include "bridges/nats/command_intake.hpp"
#include "bridges/nats/parked_commands.hpp"
#include "bridges/nats/pull_consumer.hpp"
#include "bridges/nats/under_way.hpp"
#include "runtime/core/placement.hpp"
#include "runtime/core/tracer.hpp"

namespace troupe::nats {

/// What the channels of all categories share; outlives them.
struct channel_environment {
  std::shared_ptr<connection> broker;
  const names& called;
  application& app;
  const clock& time;
  const command_intake& intake;
  parked_commands& parked;
  std::shared_ptr<under_way> pending;  ///< Of all channels; completions may come late.
  std::size_t max_in_flight = 256;
  const placement* where = nullptr;
  tracer* trace = nullptr;  ///< Null: no spans.
};

/// A durable pull consumer of commands, and the one subject that it takes them from.
struct command_source {
  std::string consumer;
  std::string subject;
};

/// What a category's commands come from: `mic-<category>` has those for entities that the feature
/// finds, `mic-<category>-addressed` those that name one. They are two, because nats-server up to
/// 2.11.1 at least now and then passes over messages when a consumer has several subjects
/// (nats-io/nats-server#6932).
std::vector<command_source> command_sources(const names& called, const std::string& category);

/// Durable commands of one category, from one pull consumer that all nodes share: one of them reads
/// it, as the placement says, or two for a moment, which does no harm. A
/// command is acknowledged when its outcome is known and told, and not before: until then
/// the broker is told every two seconds that the work goes on, and hands the command to somebody
/// else if that stops. So a command may come twice, and is recognised by its id.
///
/// What can never be handled (malformed, against the schema, a handler that keeps crashing) is
/// answered, parked and acknowledged. What cannot be handled now is handed back to come again.
class command_channel {
 public:
  /// Makes the consumer if it is missing and begins to take commands. `failed` is told once if that
  /// must end.
  static result<std::unique_ptr<command_channel>> open(const channel_environment& environment,
                                                       std::string category, command_source from,
                                                       bridge::on_failure failed);
  command_channel(const command_channel&) = delete;
  command_channel& operator=(const command_channel&) = delete;
  ~command_channel();

  /// Takes no more commands than the broker has sent already; returns when these are taken.
  void close() { end_fetching(true); }
  [[nodiscard]] json describe() const;
  /// For the watchdog; does not block.
  [[nodiscard]] bridge_work work() const;

 private:
  /// A command with its message, until that is acknowledged.
  struct job {
    message_ptr message;
    std::string type;
  };
  struct finished {
    std::shared_ptr<job> work;
    command_outcome outcome;
  };

  command_channel(const channel_environment& environment, std::string category,
                  const std::string& stream, std::string consumer, bridge::on_failure failed);

  [[nodiscard]] bool is_here() const;
  /// Another node is to read the consumer, or this one.
  void on_move();
  void fetch();
  /// How many commands may be taken, once it is at least one; 0 when no more are to be taken.
  std::size_t await_room();
  void end_fetching(bool take_rest);
  void accept(message_ptr message);
  void finish();
  void conclude(finished& one);
  void keep_alive();
  void tell(natsMsg& message, const char* what) const;
  void answer(natsMsg& message, const command_outcome& outcome) const;
  bool park(natsMsg& message, const finished& one);

  const channel_environment& environment_;
  const std::string category_;
  const std::string consumer_name_;
  pull_consumer consumer_;
  const bridge::on_failure failed_;
  std::atomic<std::uint64_t> taken_ = 0;
  std::atomic<std::uint64_t> concluded_ = 0;
  std::atomic<std::uint64_t> acknowledged_ = 0;
  std::atomic<std::uint64_t> handed_back_ = 0;
  std::atomic<std::uint64_t> parked_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable turn_;  ///< There is room, the broker is back, or it is over.
  bool closing_ = false;
  bool done_ = false;
  std::vector<std::shared_ptr<job>> working_;
  /// Shared with completions, which may come after this has ended.
  const std::shared_ptr<arrivals<finished>> outcomes_ = std::make_shared<arrivals<finished>>();
  std::unique_ptr<watch> back_;
  std::unique_ptr<watch> moves_;
  std::thread fetcher_;
  std::thread finisher_;
};

}  // namespace troupe::nats
