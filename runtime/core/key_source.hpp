#pragma once

#include <stop_token>
#include <string>

#include "runtime/core/result.hpp"

namespace troupe {

/// Where an issuer publishes its keys.
class key_source {
 public:
  virtual ~key_source() = default;
  /// Their text (a JSON Web Key Set), within a few seconds; soon after a stop is asked for, an
  /// error. One call at a time.
  virtual result<std::string> fetch(std::stop_token stopping) = 0;
  /// For people: a URL or a path.
  [[nodiscard]] virtual const std::string& place() const = 0;
};

}  // namespace troupe
