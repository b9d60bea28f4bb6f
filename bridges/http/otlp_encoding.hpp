#pragma once

#include <chrono>
#include <span>
#include <string>

#include "runtime/core/clock.hpp"
#include "runtime/core/span.hpp"

namespace troupe::http {

/// Whose spans they are.
struct span_origin {
  std::string service;  ///< The cluster: its nodes are instances of one service.
  std::string node;
  std::string version;
};

/// What is to be added to monotonic time to get Unix time.
std::chrono::nanoseconds unix_offset(const clock& time);

/// An ExportTraceServiceRequest in the JSON encoding of OTLP 1: names in lowerCamelCase, ids in
/// hexadecimal, enumerations as numbers, 64-bit numbers as text. Bytes that are not UTF-8 are
/// replaced.
std::string encode_spans(std::span<const troupe::span> spans, const span_origin& origin,
                         std::chrono::nanoseconds offset);

/// How many spans the answer to such a request (ExportTraceServiceResponse) says were not taken; 0
/// where it says nothing. `why` is what it says about them.
std::size_t rejected_spans(const std::string& answer, std::string& why);

}  // namespace troupe::http
