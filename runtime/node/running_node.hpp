#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "runtime/core/bridge.hpp"
#include "runtime/core/clock.hpp"
#include "runtime/core/event_log.hpp"
#include "runtime/core/feature.hpp"
#include "runtime/core/message_bus.hpp"
#include "runtime/core/view_store.hpp"
#include "runtime/host/engine.hpp"
#include "runtime/node/admin_line.hpp"
#include "runtime/node/audit_trail.hpp"
#include "runtime/node/cluster.hpp"
#include "runtime/node/forwarder.hpp"
#include "runtime/node/gateway.hpp"
#include "runtime/node/model.hpp"
#include "runtime/node/settings.hpp"

namespace troupe {

/// The version of this build.
inline constexpr const char* version_text = TROUPE_VERSION;

/// What one node owns while it serves, and the model of it that its bridges show. Views and log are
/// opened before; bridges come after.
class running_node final : public node_model {
 public:
  /// Opens and migrates the features' databases and builds the actors, without starting them.
  /// `bus` leads to the other nodes of the cluster; null: there are none.
  static result<std::unique_ptr<running_node>> make(settings options,
                                                    const std::vector<feature>& features,
                                                    std::unique_ptr<event_log> log,
                                                    std::unique_ptr<view_provider> views,
                                                    std::shared_ptr<message_bus> bus,
                                                    host::failure_observer on_failure);
  ~running_node() override;

  host::engine& actors_of() { return *engine_; }
  /// To be started behind all other bridges, and so to be drained last; null without a bus.
  [[nodiscard]] std::shared_ptr<bridge> cluster_bridge() const { return cluster_; }
  /// What the bridges have parked shows among the dead letters.
  void set_bridges(std::vector<std::shared_ptr<bridge>> bridges) { bridges_ = std::move(bridges); }
  using audit_observer = std::function<void(const std::string& what, const std::string& trace_id)>;
  /// `audit` is told of what people change through the admin endpoint, and of what came of it;
  /// `lost` of what could not be kept for good. Any thread.
  void set_audit(audit_observer audit, audit_observer lost) {
    audit_ = std::move(audit);
    audit_lost_ = std::move(lost);
  }
  /// Readiness is off from now on, and peers take over.
  void set_draining();
  /// Called with a level of `--log-level`; any thread.
  void set_log_leveler(std::function<void(const std::string& level)> change) {
    change_log_level_ = std::move(change);
  }
  /// Everything has been started.
  void set_started() { started_ = true; }

  application& app() override { return *gateway_; }
  [[nodiscard]] const std::vector<feature>& features() const override { return features_; }
  [[nodiscard]] const clock& time() const override { return clock_; }
  id_source& ids() override { return ids_; }
  metric_registry& metrics() override { return metrics_; }
  tracer* tracing() override { return tracer_.get(); }
  bool live() override { return true; }
  std::vector<health_check> startup_checks() override;
  std::vector<health_check> readiness_checks() override;
  result<json> actors(const actor_filter& filter) override;
  result<json> actor(const std::string& path) override;
  result<void> restart_actor(const std::string& path) override { return engine_->restart(path); }
  result<json> entity(const stream_id& stream, std::optional<version_t> version) override;
  result<json> what_if(command_request command, std::optional<version_t> version) override;
  result<json> stream(const stream_id& stream, version_t from, std::size_t limit) override;
  result<json> log(const std::string& category, position_t from, std::size_t limit) override;
  result<json> projections() override;
  result<void> pause_projection(const std::string& name) override {
    return engine_->pause_projection(name);
  }
  result<void> resume_projection(const std::string& name) override {
    return engine_->resume_projection(name);
  }
  result<void> rebuild_projection(const std::string& name) override {
    return engine_->rebuild_projection(name);
  }
  result<json> dead_letters(std::uint64_t after, std::size_t limit) override;
  result<json> retry_dead_letter(const std::string& id) override;
  result<json> discard_dead_letter(const std::string& id) override;
  result<json> trace(const std::string& id) override;
  [[nodiscard]] node_peers* peers() override { return admin_line_.get(); }
  [[nodiscard]] const placement* where() const override { return cluster_.get(); }
  result<void> set_log_level(const std::string& level) override;
  void audit(const admin_change& change, bool let_in) override;
  json cluster() override;
  json info() override;
  json config() override;

 private:
  running_node(settings options, const std::vector<feature>& features,
               std::unique_ptr<event_log> log, std::unique_ptr<view_provider> views)
      : options_(std::move(options)),
        features_(features),
        log_(std::move(log)),
        views_(std::move(views)) {}

  result<std::vector<host::bound_projection>> open_views();
  void register_gauges();
  void join(std::shared_ptr<message_bus> bus);
  [[nodiscard]] json addresses() const;
  [[nodiscard]] double seconds_since(timestamp then) const;
  /// The categories in the log: those of the features, and the node's own.
  [[nodiscard]] std::vector<std::string> categories() const;
  [[nodiscard]] const aggregate_kernel* aggregate_of(const std::string& category) const;
  [[nodiscard]] json describe(const host::actor_info& one) const;
  /// The node whose databases the views are in; null when nodes share them.
  [[nodiscard]] json keeper() const;
  result<dead_letter> discard(const std::string& projector, std::uint64_t number);
  result<json> describe(const host::projection_info& one);

  const settings options_;
  const std::vector<feature>& features_;
  const std::vector<feature> hosted_ = audit_trail::beside(features_);  ///< What the engine runs.
  system_clock clock_;
  uuid_source ids_{clock_};
  const timestamp begun_ = clock_.now();
  metric_registry metrics_;
  std::unique_ptr<tracer> tracer_;  ///< Null unless spans are exported.
  std::unique_ptr<event_log> log_;
  std::unique_ptr<view_provider> views_;
  std::vector<std::unique_ptr<view_store>> stores_;
  std::vector<host::bound_projection> projections_;
  std::unique_ptr<host::engine> engine_;
  std::unique_ptr<gateway> gateway_;
  std::unique_ptr<audit_trail> audit_trail_;
  // The bus goes first: what is still open is settled then.
  std::unique_ptr<forwarder> forwarder_;
  std::unique_ptr<admin_line> admin_line_;
  std::shared_ptr<troupe::cluster> cluster_;
  std::shared_ptr<message_bus> bus_;
  std::vector<std::shared_ptr<bridge>> bridges_;
  audit_observer audit_ = [](const std::string&, const std::string&) {};
  audit_observer audit_lost_ = audit_;
  std::function<void(const std::string& level)> change_log_level_ = [](const std::string&) {};
  std::mutex log_level_mutex_;
  std::string log_level_ = options_.log_level;
  std::atomic<bool> started_{false};
  std::atomic<bool> draining_{false};
};

}  // namespace troupe
