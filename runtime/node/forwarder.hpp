#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "runtime/core/application.hpp"
#include "runtime/core/clock.hpp"
#include "runtime/core/command.hpp"
#include "runtime/node/cluster.hpp"
#include "runtime/node/metrics.hpp"

namespace troupe {

/// Takes commands to the nodes that own their entities, by one request each, and takes in what
/// peers send. The owner's outcome is passed on as it is.
///
/// When the owner is gone or does not answer, the command is carried out here under the same id.
/// Nothing can happen twice: a commit of that id is found in the log, and of two that are on their
/// way the compare-and-set stores one. What this node then cannot store either stays in doubt,
/// because the owner may have stored it. Thread-safe.
class forwarder {
 public:
  /// Carries out a command on this node, whoever owns its entity.
  using carry_out = std::function<void(command, completion)>;
  /// The same for what a peer has sent: it is checked like a caller's.
  using take_in = std::function<void(command_request, completion)>;

  /// Makes the metrics, so that a node without peers shows them too.
  static void register_metrics(metric_registry& metrics);

  forwarder(cluster& nodes, const clock& time, metric_registry& metrics);
  forwarder(const forwarder&) = delete;
  forwarder& operator=(const forwarder&) = delete;
  /// Whatever is still open is in doubt.
  ~forwarder();

  /// What peers send goes here. Before the cluster starts.
  void accept(take_in received);

  /// `done` is called exactly once: with the owner's outcome, or by `here`, which this node carries
  /// the command out with if the owner cannot.
  void forward(command one, completion done, carry_out here);

 private:
  struct sent {
    command what;
    completion done;
    carry_out here;
    std::string owner;  ///< An incarnation.
    monotonic_time begun;
  };

  void on_answer(std::uint64_t number, const result<std::string>& answer);
  /// Hands over what was sent, to the first who asks.
  std::unique_ptr<sent> take(std::uint64_t number);
  /// The owner is gone, or has not answered in time: it may have stored the command.
  void resolve(std::unique_ptr<sent> one);
  void give_up_on_the_gone();

  cluster& nodes_;
  const clock& clock_;
  metric_counter& answered_;
  metric_counter& undelivered_;
  metric_counter& resolved_;
  metric_counter& received_;
  metric_histogram& duration_;
  std::mutex mutex_;
  std::uint64_t next_ = 0;
  std::map<std::uint64_t, std::unique_ptr<sent>> sent_;
  std::unique_ptr<watch> changes_;
};

}  // namespace troupe
