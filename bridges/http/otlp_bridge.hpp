#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "runtime/core/bridge.hpp"

namespace troupe {
class node_model;
}

namespace troupe::http {

/// Where spans go, and how patiently.
struct otlp_options {
  std::string endpoint;  ///< Base URL of the collector.
  std::string service;   ///< The cluster.
  std::string node;
  std::size_t batch = 512;                       ///< Spans of one request.
  std::chrono::milliseconds patience{1'000};     ///< For which a batch may wait to be full.
  std::chrono::milliseconds timeout{5'000};      ///< Of one request.
  std::chrono::milliseconds first_pause{250};    ///< After a failed request; each next one doubles
  std::chrono::milliseconds last_pause{10'000};  ///< up to this.
};

/// The bridge `otlp`: sends the node's spans to a collector (OTLP over HTTP, in JSON), in batches
/// and one after the other. While the collector is away the batch in hand is tried again and again,
/// and the spans behind it wait in the tracer, which drops what it has no room for. A batch that
/// was sent may have been taken even if no answer came, and then comes twice. The model, which must
/// have a tracer, outlives it.
std::shared_ptr<bridge> make_otlp_bridge(node_model& model, otlp_options options);

}  // namespace troupe::http
