#pragma once

#include <optional>
#include <string>

#include "bridges/nats/names.hpp"
#include "bridges/nats/publish_reply.hpp"
#include "bridges/nats/stored_messages.hpp"
#include "runtime/core/event_log.hpp"

namespace troupe::nats {

/// Refusals and no-change answers in a bucket that forgets them after a day, by command id.
/// Thread-safe.
class kept_outcomes {
 public:
  kept_outcomes(names called, stored_messages& messages, stream_facts bucket)
      : names_(std::move(called)), messages_(messages), bucket_(std::move(bucket)) {}

  result<std::optional<kept_outcome>> find(const std::string& command_id);
  result<bool> has(const std::string& command_id);
  /// Stored unless the command has one already.
  [[nodiscard]] outgoing to_message(const kept_outcome& kept) const;
  /// A message of so many bytes that is nobody's outcome, to see whether the broker stores it.
  [[nodiscard]] outgoing room_probe(std::size_t bytes) const;

 private:
  [[nodiscard]] std::string subject(const std::string& key) const {
    return names_.entry("outcomes", key);
  }

  const names names_;
  stored_messages& messages_;
  const stream_facts bucket_;
};

}  // namespace troupe::nats
