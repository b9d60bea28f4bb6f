#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bridges/nats/names.hpp"
#include "bridges/nats/stored_messages.hpp"
#include "runtime/core/bridge.hpp"

namespace troupe::nats {

/// Commands that could not be handled, in the bucket `<cluster>_parked`: one entry for each, under
/// its category and position, so that parking the same one again changes nothing. The command
/// itself stays where it is in the log. Thread-safe.
class parked_commands {
 public:
  static result<std::unique_ptr<parked_commands>> open(std::shared_ptr<connection> broker,
                                                       const names& called, int replicas);

  /// Durable when this returns success.
  result<void> park(const std::string& category, const parked_message& letter);
  /// By rising id > `after`, at most `limit`.
  result<std::vector<parked_message>> list(std::uint64_t after, std::size_t limit);

 private:
  parked_commands(std::shared_ptr<connection> broker, const names& called, stream_facts bucket);

  const std::shared_ptr<connection> broker_;
  const std::string key_prefix_;
  const stream_facts bucket_;
  stored_messages messages_;
  window_pool windows_;
};

}  // namespace troupe::nats
