#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "runtime/core/clock.hpp"
#include "runtime/core/ids.hpp"
#include "runtime/core/json.hpp"
#include "runtime/core/result.hpp"

namespace troupe {

/// A message that a bridge could not hand on, kept until a person has looked at it.
struct parked_message {
  std::uint64_t id = 0;  ///< Given by where it is kept.
  std::string channel;   ///< The bridge's name.
  std::string subject;   ///< Where it was published.
  position_t position = 0;
  std::string message_id;
  std::string type;
  std::string reason;
  timestamp time{};
};

/// A part of a bridge that ought to advance, such as a consumer.
struct bridge_work {
  std::string part;         ///< Its name within the bridge.
  std::uint64_t steps = 0;  ///< Changes with every step forward, a sign of life included.
  /// What the next step needs, for people: "the broker". Empty while it is assigned nothing.
  std::string waits_for;
};

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
  /// All its parts, or none while it starts. Any thread; must not block.
  [[nodiscard]] virtual std::vector<bridge_work> work() const { return {}; }
  /// Messages that it has parked, by rising id > `after`, at most `limit`. Any thread; may block.
  virtual result<std::vector<parked_message>> parked(std::uint64_t /*after*/,
                                                     std::size_t /*limit*/) {
    return std::vector<parked_message>();
  }
};

}  // namespace troupe
