#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "runtime/core/application.hpp"
#include "runtime/core/clock.hpp"

namespace troupe::nats {

/// What turns messages into commands.
struct intake_options {
  std::chrono::milliseconds deadline = std::chrono::seconds(10);
  json_limits limits;
};

/// A command, or the outcome that refuses a message which is none.
using intake = std::variant<command_request, command_outcome>;

/// Reads commands out of message bodies. Thread-safe.
class command_intake {
 public:
  command_intake(const clock& time, id_source& ids, intake_options options)
      : clock_(time), ids_(ids), options_(options) {}

  /// An envelope: its id is the command id. `entity` as the subject names it; "" lets the feature
  /// find it. `traceparent` as the message's header has it; one in the metadata wins, and whatever
  /// is not valid counts as none.
  [[nodiscard]] intake from_envelope(const std::string& category, const std::string& entity,
                                     std::string_view body,
                                     std::string_view traceparent = {}) const;
  /// A command's data alone; `command_id` "" makes a fresh one.
  [[nodiscard]] intake from_data(const std::string& category, const std::string& entity,
                                 const std::string& type, const std::string& command_id,
                                 std::string_view body, std::string_view traceparent = {}) const;

 private:
  [[nodiscard]] command_request request(const std::string& category, const std::string& entity,
                                        std::string_view traceparent) const;

  const clock& clock_;
  id_source& ids_;
  const intake_options options_;
};

/// An outcome as a message: `{"status","commandId","stream","version","position","events"}` for an
/// accepted command,
/// `{"status","commandId","stream","code","detail","error","fields"?,"retryAfter"?}` for any other.
std::string to_message(const command_outcome& outcome);

}  // namespace troupe::nats
