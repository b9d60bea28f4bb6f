#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "runtime/core/json.hpp"
#include "runtime/node/metrics.hpp"

namespace troupe {

struct settings;

/// One bound on what callers can make a node do or hold. Flag, environment variable, help text,
/// `/admin/config` and metric all come from here.
struct limit {
  const char* flag;  ///< Without dashes: "max-body". Also the metric's label.
  std::size_t settings::*value;
  const char* what;  ///< What is counted, and in which unit.
  std::size_t least;
  std::size_t most;

  /// As `/admin/config` names it: "maxBody".
  [[nodiscard]] std::string key() const;
};

/// All limits, in the order of the help text.
///
/// | flag | default | beyond it | held by the test |
/// | --- | --- | --- | --- |
/// | max-body | 1 MiB | 413 | a_body_is_bounded |
/// | max-json-depth | 64 | 400 | a_body_must_be_sound_json |
/// | max-header-bytes | 16 KiB | 431 | headers_are_bounded_in_number_and_size |
/// | max-headers | 100 | 431 | headers_are_bounded_in_number_and_size |
/// | max-target | 8 KiB | 414 | headers_are_bounded_in_number_and_size |
/// | max-query-parameters | 100 | 400 | a_target_must_decode |
/// | max-envelopes | 1,000 | 400 | an_array_of_envelopes_is_bounded |
/// | max-page | 1,000 | 400 | a_page_is_bounded |
/// | max-connections | 1,024 | 503, connection closed | crowd.test.mjs |
/// | max-streams | 256 | 503 | streams_are_bounded_and_leave_room_for_requests |
/// | read-timeout | 5 s | 408, connection closed | crowd.test.mjs |
/// | write-timeout | 5 s | connection closed | crowd.test.mjs |
/// | keep-alive | 60 s | connection closed | crowd.test.mjs |
/// | max-in-flight | 10,000 | 503 | crowd.test.mjs |
/// | max-in-flight-per-entity | 1,000 | 503 | engine.test.cpp, crowd.test.mjs |
/// | max-resident | 100,000 | the least recently used idle one is passivated | engine.test.cpp |
/// | idle | 300 s | the handler is passivated | engine.test.cpp |
/// | max-awake | 10,000 | the least recently used idle handler rests | resting.test.cpp |
/// | rest | 10 s | the handler rests | resting.test.cpp |
/// | deadline | 10 s | 503 | a_deadline_that_passes_is_counted |
/// | batch | 1,000 | the rest comes with the next batch | engine.test.cpp |
/// | max-dead-letters | 100,000 | the projector stops, and says why | engine.test.cpp |
/// | max-spans | 4,096 | the span is dropped | tracer.test.cpp |
std::span<const limit> all_limits();

/// Counts how often a limit was reached: `troupe_limit_reached_total{limit="max-body"}`. For a
/// flag of the table.
metric_counter& limit_counter(metric_registry& metrics, std::string_view flag);

/// The limits in force, as `/admin/config` shows them.
json limits_json(const settings& options);

}  // namespace troupe
