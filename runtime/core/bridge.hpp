#pragma once

#include <functional>
#include <string>

#include "runtime/core/json.hpp"
#include "runtime/core/result.hpp"

namespace troupe {

/// Maps an outside protocol onto the application. Each bridge is run by a supervised actor at
/// `/bridges/<name>`. `start`, `drain`, `stop` and `describe` are called by that actor, one at a
/// time.
class bridge {
 public:
  /// Reports that the bridge has broken down after it started; its actor then fails and is
  /// restarted. Any thread.
  using on_failure = std::function<void(std::string reason)>;

  virtual ~bridge() = default;
  [[nodiscard]] virtual const std::string& name() const = 0;
  /// Begins to serve; returns once requests are accepted. May be called again after `stop`.
  virtual result<void> start(on_failure failed) = 0;
  /// Accepts nothing new and finishes what is in flight. Returns when done, or when `stop` is
  /// called.
  virtual void drain() = 0;
  /// Ends at once. Idempotent. May also be called by another thread, to cut a `drain` short.
  virtual void stop() = 0;
  /// What it holds, for the admin endpoint.
  [[nodiscard]] virtual json describe() const = 0;
};

}  // namespace troupe
