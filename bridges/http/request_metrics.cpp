#include "bridges/http/request_metrics.hpp"

#include <utility>

#include "runtime/node/limits.hpp"

namespace troupe::http {
namespace {

constexpr std::array<std::string_view, 7> known_methods{"GET",   "HEAD",   "POST",   "PUT",
                                                        "PATCH", "DELETE", "OPTIONS"};

}  // namespace

/// The metrics of one route and method. Counters are looked up by name once per status.
struct request_metrics::series {
  std::string method;
  std::string route;
  metric_histogram& duration;
  std::array<std::atomic<metric_counter*>, 600> by_status{};

  series(metric_registry& registry, std::string_view of_method, std::string of_route)
      : method(of_method),
        route(std::move(of_route)),
        duration(registry.histogram("troupe_http_request_duration_seconds",
                                    "Time from a whole request to its answer.",
                                    {{"route", route}})) {}
};

request_metrics::request_metrics(metric_registry& registry, const std::string& name,
                                 const router& routes)
    : registry_(registry) {
  for (const auto& route : routes.endpoints()) {
    routed_.emplace(route.get(), std::make_unique<series>(registry, route->method, route->pattern));
  }
  for (const auto method : known_methods) {
    unrouted_.push_back(std::make_unique<series>(registry, method, "none"));
  }
  unrouted_.push_back(std::make_unique<series>(registry, "other", "none"));

  registry.gauges(
      "troupe_" + name + "_connections", "Open connections of the " + name + " bridge.",
      [counts = counts_] {
        return std::vector<metric_sample>{{{}, static_cast<double>(counts->connections.load())}};
      });
  registry.gauges(
      "troupe_" + name + "_requests_in_flight",
      "Requests that the " + name + " bridge is answering.", [counts = counts_] {
        return std::vector<metric_sample>{{{}, static_cast<double>(counts->in_flight.load())}};
      });
  registry.gauges(
      "troupe_" + name + "_streams", "Event streams that the " + name + " bridge keeps open.",
      [counts = counts_] {
        return std::vector<metric_sample>{{{}, static_cast<double>(counts->streams.load())}};
      });
}

request_metrics::~request_metrics() = default;

request_metrics::series& request_metrics::series_of(const endpoint* found,
                                                    std::string_view method) {
  if (found != nullptr) return *routed_.at(found);
  for (std::size_t i = 0; i < known_methods.size(); ++i) {
    if (known_methods[i] == method) return *unrouted_[i];
  }
  return *unrouted_.back();
}

void request_metrics::count(series& of, int status) {
  counts_->requests.fetch_add(1, std::memory_order_relaxed);
  auto& slot = of.by_status[static_cast<std::size_t>(status)];
  auto* counter = slot.load(std::memory_order_acquire);
  if (counter == nullptr) {
    counter = &registry_.counter(
        "troupe_http_requests_total", "Requests answered.",
        {{"method", of.method}, {"route", of.route}, {"status", std::to_string(status)}});
    slot.store(counter, std::memory_order_release);
  }
  counter->increment();
}

void request_metrics::answered(const endpoint* found, std::string_view method, int status,
                               std::chrono::duration<double> took) {
  auto& of = series_of(found, method);
  of.duration.observe(took.count());
  count(of, status);
}

void request_metrics::refused(const char* reason, std::string_view method, int status) {
  rejected(reason);
  count(series_of(nullptr, method), status);
}

void request_metrics::rejected(const char* reason) {
  counts_->rejected.fetch_add(1, std::memory_order_relaxed);
  registry_
      .counter("troupe_http_rejected_total",
               "Connections and requests turned away before they were routed.",
               {{"reason", reason}})
      .increment();
}

void request_metrics::limit_reached(const char* flag) {
  limit_counter(registry_, flag).increment();
}

}  // namespace troupe::http
