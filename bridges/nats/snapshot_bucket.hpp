#pragma once

#include <memory>
#include <optional>

#include "bridges/nats/names.hpp"
#include "bridges/nats/publish_reply.hpp"
#include "bridges/nats/stored_messages.hpp"
#include "runtime/core/event_log.hpp"

namespace troupe::nats {

/// Snapshots in a bucket, one entry for each entity. Thread-safe.
class snapshot_bucket {
 public:
  snapshot_bucket(std::shared_ptr<connection> broker, names called, stored_messages& messages,
                  stream_facts bucket);

  result<std::optional<snapshot>> load(const stream_id& stream);
  /// Where the entity's snapshot is, to be asked for together with something else, and how it is
  /// read: nothing where it cannot be.
  [[nodiscard]] stored_messages::newest_of place(const stream_id& stream) const {
    return {bucket_, subject(stream)};
  }
  static std::optional<snapshot> from_message(const stream_id& stream, const stored_message& found);
  /// Replaces the stored one unless that is newer.
  result<void> save(const snapshot& saved);

 private:
  /// A snapshot with its place in the bucket; 0 and nothing where there is none that can be read.
  struct kept {
    std::optional<snapshot> value;
    position_t sequence = 0;
  };

  [[nodiscard]] std::string subject(const stream_id& stream) const;
  result<kept> look_up(const stream_id& stream);

  const std::shared_ptr<connection> broker_;
  const names names_;
  stored_messages& messages_;
  const stream_facts bucket_;
  window_pool windows_;
};

}  // namespace troupe::nats
