#pragma once

#include "runtime/node/metrics.hpp"

namespace troupe {

/// Counts spans by what became of them: "exported", "refused" by the collector, or "dropped"
/// because too many were waiting.
inline metric_counter& span_counter(metric_registry& metrics, const char* result) {
  return metrics.counter("troupe_spans_total", "Spans, by what became of them.",
                         {{"result", result}});
}

}  // namespace troupe
