#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/core/clock.hpp"
#include "runtime/core/traceparent.hpp"

namespace troupe {

/// Which side of a call a span is. The numbers are OpenTelemetry's.
enum class span_kind : std::uint8_t {
  internal = 1,
  server = 2,    ///< Answers a request from outside.
  client = 3,    ///< Asks another node.
  consumer = 5,  ///< Works on a message, which nobody waits for.
};

using span_value = std::variant<std::string, std::int64_t>;

/// One piece of work within a trace.
struct span {
  trace_place place;
  std::string parent;  ///< A span's id; "" for the first one of its trace.
  std::string name;    ///< Of the kind of work: never an id.
  span_kind kind = span_kind::internal;
  monotonic_time begun{};
  monotonic_time ended{};
  std::vector<std::pair<std::string, span_value>> attributes;
  std::optional<std::string> failure;  ///< Why, if this is a fault; a refusal is none.

  void note(std::string key, span_value value) {
    attributes.emplace_back(std::move(key), std::move(value));
  }
};

}  // namespace troupe
