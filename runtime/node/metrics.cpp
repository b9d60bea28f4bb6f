#include "runtime/node/metrics.hpp"

#include <mutex>
#include <string_view>
#include <utility>

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace troupe {
namespace {

class counter_handle final : public metric_counter {
 public:
  explicit counter_handle(prometheus::Counter& counter) : counter_(counter) {}
  void add(double amount) override { counter_.Increment(amount); }

 private:
  prometheus::Counter& counter_;
};

class histogram_handle final : public metric_histogram {
 public:
  explicit histogram_handle(prometheus::Histogram& histogram) : histogram_(histogram) {}
  void observe(double seconds) override { histogram_.Observe(seconds); }

 private:
  prometheus::Histogram& histogram_;
};

const prometheus::Histogram::BucketBoundaries& duration_buckets() {
  static const prometheus::Histogram::BucketBoundaries buckets{
      0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
  return buckets;
}

/// A number read at scrape time. By the conventions' own words, one that only rises is called
/// `…_total` and is a counter.
struct gauge_family {
  std::string name;
  std::string help;
  std::function<std::vector<metric_sample>()> read;
};

prometheus::MetricFamily collect(const gauge_family& family) {
  prometheus::MetricFamily collected;
  collected.name = family.name;
  collected.help = family.help;
  const bool rises = std::string_view(family.name).ends_with("_total");
  collected.type = rises ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
  for (auto& sample : family.read()) {
    prometheus::ClientMetric metric;
    for (auto& [name, value] : sample.labels) metric.label.push_back({name, value});
    (rises ? metric.counter.value : metric.gauge.value) = sample.value;
    collected.metric.push_back(std::move(metric));
  }
  return collected;
}

}  // namespace

struct metric_registry::implementation {
  std::mutex mutex;
  prometheus::Registry registry;
  std::map<std::pair<std::string, metric_labels>, std::unique_ptr<metric_counter>> counters;
  std::map<std::pair<std::string, metric_labels>, std::unique_ptr<metric_histogram>> histograms;
  std::vector<gauge_family> gauges;
};

metric_registry::metric_registry() : implementation_(std::make_unique<implementation>()) {}
metric_registry::~metric_registry() = default;

metric_counter& metric_registry::counter(const std::string& name, const std::string& help,
                                         const metric_labels& labels) {
  const std::lock_guard lock(implementation_->mutex);
  auto& handle = implementation_->counters[{name, labels}];
  if (!handle) {
    auto& family =
        prometheus::BuildCounter().Name(name).Help(help).Register(implementation_->registry);
    handle = std::make_unique<counter_handle>(family.Add(labels));
  }
  return *handle;
}

metric_histogram& metric_registry::histogram(const std::string& name, const std::string& help,
                                             const metric_labels& labels) {
  const std::lock_guard lock(implementation_->mutex);
  auto& handle = implementation_->histograms[{name, labels}];
  if (!handle) {
    auto& family =
        prometheus::BuildHistogram().Name(name).Help(help).Register(implementation_->registry);
    handle = std::make_unique<histogram_handle>(family.Add(labels, duration_buckets()));
  }
  return *handle;
}

void metric_registry::gauges(const std::string& name, const std::string& help,
                             std::function<std::vector<metric_sample>()> read) {
  const std::lock_guard lock(implementation_->mutex);
  implementation_->gauges.push_back({name, help, std::move(read)});
}

std::string metric_registry::expose() {
  std::vector<gauge_family> gauges;
  {
    const std::lock_guard lock(implementation_->mutex);
    gauges = implementation_->gauges;
  }
  auto families = implementation_->registry.Collect();
  for (const auto& family : gauges) families.push_back(collect(family));
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace troupe
