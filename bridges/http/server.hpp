#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "bridges/http/browser_guard.hpp"
#include "bridges/http/cors.hpp"
#include "bridges/http/gate.hpp"
#include "bridges/http/http_bridge.hpp"
#include "bridges/http/listener.hpp"
#include "bridges/http/poller.hpp"
#include "bridges/http/request_metrics.hpp"
#include "bridges/http/router.hpp"
#include "bridges/http/session.hpp"
#include "bridges/http/worker_pool.hpp"
#include "runtime/core/tracer.hpp"
#include "runtime/node/model.hpp"

namespace troupe::http {

/// What a server serves.
struct site {
  std::string name;  ///< Of the bridge.
  std::string flag;  ///< That chooses its address: "--http".
  std::shared_ptr<const router> routes;
  cors_policy cors;
  browser_guard guard;
  gate admit = open_gate();
  tracer* trace = nullptr;  ///< Null: requests have no spans.
  /// Told of each request that was routed, with whoever was let in (null: nobody) and the answer.
  std::function<void(const request&, const visitor*, const reply&)> audit = nullptr;
  std::function<void()> begin = [] {};  ///< Before the first request.
  std::function<void()> interrupt = [] {
  };  ///< Ends what requests wait for; they are answered soon.
};

/// A bridge that serves a site: life cycle, connections, and the way of a request from bytes to an
/// endpoint and back.
///
/// Connections between two requests wait together, watched by few pollers. A request that has
/// arrived whole and whose endpoint does not wait is handled on the poller's thread, and answered
/// by whoever brings its outcome. Whatever would have to wait — for the rest of a request, for a
/// handler, for a peer that does not take its answer — goes to a thread of its own, of which there
/// is one for each connection if need be.
class server final : public server_bridge {
 public:
  server(node_model& model, http_options options, site served);
  ~server() override;

  [[nodiscard]] const std::string& name() const override { return site_.name; }
  result<void> start(on_failure failed) override;
  void drain() override;
  void stop() override;
  [[nodiscard]] json describe() const override;
  [[nodiscard]] int port() const override { return port_; }

 private:
  /// What becomes of a session after a step.
  enum class next : std::uint8_t {
    again,      ///< It has been answered; the next request may have arrived.
    idle,       ///< No request has arrived.
    worker,     ///< The step would have to wait.
    elsewhere,  ///< Somebody else owns it now: not to be touched.
    end,
  };

  bool take(int socket);
  session_ptr find(std::uint64_t id);
  /// Serves what has arrived, for its owner, who no longer owns it afterwards. `may_wait`: on a
  /// thread of its own.
  void serve(const session_ptr& one, bool may_wait);
  next serve_request(const session_ptr& one, bool may_wait);
  /// Routes and runs the endpoint; nothing if it may wait and this must not. Does not throw.
  std::optional<reply> answer(session& one, std::string_view body, bool may_wait);
  /// The answer has come from elsewhere. Any thread; does not block or throw.
  void finish(const session_ptr& one, const reply& answered);
  next send(const session_ptr& one, const reply& answered, bool may_wait);
  next send_rest(const session_ptr& one, bool may_wait);
  /// On a thread of its own: sends what the peer did not take at once, and goes on.
  void send_patiently(const session_ptr& one);
  /// Sends an answer that goes on, or says why there can be none now. The connection ends with it.
  void stream(session& one, reply answered);
  next refuse(session& one, const refusal& why, const request_head* head);
  void make_head(session& one, const reply& answered, const request_head* head, bool keep_alive);
  /// When what its caller showed is no longer good.
  [[nodiscard]] monotonic_time ends_of(const session& one) const;
  trace_context trace_of(const request_head* head);
  /// Begins the request's span, if it is to have one: what the request brings about is a part of
  /// it.
  void begin_span(session& one);
  void end_span(session& one, int status);

  void count_in_flight(session& one, bool in_flight);
  void hand_over(const session_ptr& one, std::function<void()> task);
  void hand_back(const session& one);
  void leave(const session_ptr& one);
  void end_idle();
  /// Looks at every connection once more, by its owner. With `mutex_`.
  void wake_all();
  poller& poller_of(std::uint64_t id) { return *pollers_[id % pollers_.size()]; }

  node_model& model_;
  const http_options options_;
  site site_;
  request_metrics metrics_;

  std::mutex life_cycle_;  ///< Held by start, stop, and the first part of drain.
  std::unique_ptr<listener> listener_;
  std::unique_ptr<worker_pool> workers_;
  std::vector<std::unique_ptr<poller>> pollers_;
  std::thread accepting_;
  std::atomic<int> port_{0};

  std::mutex mutex_;  ///< For the rest.
  std::condition_variable changed_;
  std::unordered_map<std::uint64_t, session_ptr> sessions_;  ///< Open connections.
  std::uint64_t last_id_ = 0;
  std::uint64_t stops_ = 0;
  std::atomic<bool> draining_{false};  ///< Who comes now is turned away.
  std::atomic<bool> closing_{false};   ///< Nobody comes any more.
  std::atomic<bool> stopping_{false};
};

}  // namespace troupe::http
