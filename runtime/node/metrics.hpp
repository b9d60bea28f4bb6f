#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace troupe {

/// Label names and values. Never entity ids: every distinct set of values is kept for ever.
using metric_labels = std::map<std::string, std::string>;

/// A number that only rises. Thread-safe, lock-free.
class metric_counter {
 public:
  virtual ~metric_counter() = default;
  virtual void add(double amount) = 0;
  void increment() { add(1); }
};

/// A distribution of durations in seconds. Thread-safe.
class metric_histogram {
 public:
  virtual ~metric_histogram() = default;
  virtual void observe(double seconds) = 0;
};

/// One number read at scrape time.
struct metric_sample {
  metric_labels labels;
  double value = 0;
};

/// The node's metrics in Prometheus' text format, named by its conventions (`troupe_…_total`,
/// `_seconds`, `_bytes`). Thread-safe. References stay valid as long as the registry.
class metric_registry {
 public:
  metric_registry();
  ~metric_registry();
  metric_registry(const metric_registry&) = delete;
  metric_registry& operator=(const metric_registry&) = delete;

  /// The counter with this name and these labels; made on first use.
  metric_counter& counter(const std::string& name, const std::string& help,
                          const metric_labels& labels = {});
  /// The histogram with this name and these labels; made on first use. Buckets from 0.25 ms to 10
  /// s.
  metric_histogram& histogram(const std::string& name, const std::string& help,
                              const metric_labels& labels = {});
  /// Gauges, or counters if named `…_total`, read at each scrape, on the scraping thread.
  void gauges(const std::string& name, const std::string& help,
              std::function<std::vector<metric_sample>()> read);

  /// Everything, in the text exposition format.
  [[nodiscard]] std::string expose();

 private:
  struct implementation;
  std::unique_ptr<implementation> implementation_;
};

}  // namespace troupe
