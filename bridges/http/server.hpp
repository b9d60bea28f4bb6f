#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_set>

#include "bridges/http/browser_guard.hpp"
#include "bridges/http/connection.hpp"
#include "bridges/http/cors.hpp"
#include "bridges/http/http_bridge.hpp"
#include "bridges/http/listener.hpp"
#include "bridges/http/request_metrics.hpp"
#include "bridges/http/router.hpp"
#include "runtime/node/model.hpp"

namespace troupe::http {

/// What a server serves.
struct site {
  std::string name;  ///< Of the bridge.
  std::string flag;  ///< That chooses its address: "--http".
  std::shared_ptr<const router> routes;
  cors_policy cors;
  browser_guard guard;
  std::function<void()> begin = [] {};  ///< Before the first request.
  std::function<void()> interrupt = [] {
  };  ///< Ends what requests wait for; they are answered soon.
};

/// A bridge that serves a site: life cycle, connections, and the way of a request from bytes to an
/// endpoint and back.
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
  struct exchange_state;

  void serve(int socket);
  /// Reads and answers one request; false when the connection is to end.
  bool serve_request(connection& peer, std::string& head_text);
  /// Routes and runs the endpoint. Does not throw.
  reply answer(exchange_state& state);
  /// Sends an answer that goes on, or says why there can be none now. The connection ends with it.
  void stream(connection& peer, reply answered, const exchange_state& state);
  bool refuse(connection& peer, const refusal& why, const request_head* head);
  bool send(connection& peer, const reply& answer, const std::string& trace_id,
            const request_head* head, bool keep_alive);
  trace_context trace_of(const request_head* head);

  void enter(connection& peer);
  void leave(connection& peer);

  node_model& model_;
  const http_options options_;
  site site_;
  request_metrics metrics_;

  std::mutex life_cycle_;  ///< Held by start, stop, and the first part of drain.
  std::unique_ptr<listener> listener_;
  std::thread accepting_;
  std::atomic<int> port_{0};

  std::mutex mutex_;  ///< For the rest.
  std::condition_variable changed_;
  std::unordered_set<connection*> connections_;
  std::uint64_t stops_ = 0;
  std::atomic<bool> draining_{false};
  std::atomic<bool> stopping_{false};
};

}  // namespace troupe::http
