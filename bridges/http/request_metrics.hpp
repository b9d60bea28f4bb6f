#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bridges/http/router.hpp"
#include "runtime/node/metrics.hpp"

namespace troupe::http {

/// What a server counts. Outlives it, because the registry reads some of it at scrape time.
struct server_counts {
  std::atomic<std::int64_t> connections{0};
  std::atomic<std::int64_t> in_flight{0};
  std::atomic<std::int64_t> streams{0};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> rejected{0};
};

/// A server's metrics. Labels come from bounded sets: routes' patterns, known methods, statuses,
/// literal reasons. Thread-safe.
class request_metrics {
 public:
  /// Registers gauges `troupe_<name>_connections`, `_requests_in_flight` and `_streams`.
  request_metrics(metric_registry& registry, const std::string& name, const router& routes);
  ~request_metrics();

  /// A request was answered; `found` is null when no route was.
  void answered(const endpoint* found, std::string_view method, int status,
                std::chrono::duration<double> took);

  /// A request was turned away before it was routed. `reason` is a literal.
  void refused(const char* reason, std::string_view method, int status);

  /// A connection was turned away. `reason` is a literal.
  void rejected(const char* reason);

  /// A limit was reached; `flag` names it.
  void limit_reached(const char* flag);

  [[nodiscard]] server_counts& counts() { return *counts_; }
  [[nodiscard]] const server_counts& counts() const { return *counts_; }

 private:
  struct series;

  series& series_of(const endpoint* found, std::string_view method);
  void count(series& of, int status);

  metric_registry& registry_;
  std::shared_ptr<server_counts> counts_ = std::make_shared<server_counts>();
  std::unordered_map<const endpoint*, std::unique_ptr<series>> routed_;
  std::vector<std::unique_ptr<series>> unrouted_;  ///< By method; the last is for all unknown ones.
};

}  // namespace troupe::http
