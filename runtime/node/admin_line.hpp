#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "runtime/core/clock.hpp"
#include "runtime/node/cluster.hpp"
#include "runtime/node/peers.hpp"

namespace troupe {

/// Carries admin requests between the nodes of a cluster. Answering may block, so it has a thread
/// of its own and a bound on what waits for that; what is beyond it goes unanswered.
class admin_line final : public node_peers {
 public:
  /// `is_shared` tells whether nodes share a projection's database. Before the cluster starts.
  admin_line(cluster& nodes, const clock& time,
             std::function<bool(const std::string& projection)> is_shared);
  admin_line(const admin_line&) = delete;
  admin_line& operator=(const admin_line&) = delete;
  ~admin_line() override;

  [[nodiscard]] node_name self() const override;
  [[nodiscard]] std::vector<node_name> others() const override;
  [[nodiscard]] std::optional<node_name> runner_of(const std::string& projection) const override;
  std::vector<result<admin_answer>> ask(const std::vector<node_name>& whom,
                                        const admin_question& what) override;
  void answer_with(answerer answer) override;

 private:
  void take(message_bus::message asked);
  void run();

  cluster& nodes_;
  const clock& clock_;
  const std::function<bool(const std::string& projection)> is_shared_;
  std::mutex answering_;  ///< Held while a question is answered.
  answerer answer_;
  std::mutex mutex_;
  std::condition_variable some_;
  std::deque<message_bus::message> waiting_;
  bool over_ = false;
  std::thread clerk_;
};

}  // namespace troupe
