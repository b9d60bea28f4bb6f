#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bridges/nats/request_window.hpp"
#include "bridges/nats/streams.hpp"
#include "runtime/core/ids.hpp"

namespace troupe::nats {

/// A message of a stream, read back.
struct stored_message {
  message_ptr message;
  std::string subject;  ///< Where it was published; the message's own subject may be an inbox.
  position_t sequence = 0;
};

/// Reads messages out of streams without making consumers. Thread-safe.
///
/// Any replica answers a direct get, and a follower may not have the newest messages yet. What it
/// has is final, so only "there is none" must be asked again of the leader.
class stored_messages {
 public:
  explicit stored_messages(std::shared_ptr<connection> broker)
      : broker_(broker), windows_(std::move(broker)) {}

  /// The newest message on a subject.
  result<std::optional<stored_message>> last(const stream_facts& in, const std::string& subject);
  /// Where a newest message is looked for.
  struct newest_of {
    const stream_facts& in;
    std::string subject;
  };
  /// The newest messages of several subjects, in one round trip where one replica can say.
  result<std::vector<std::optional<stored_message>>> last_of_each(
      const std::vector<newest_of>& asked);
  /// The first message on a subject from this sequence on.
  result<std::optional<stored_message>> next(const stream_facts& in, const std::string& subject,
                                             position_t from);
  result<std::optional<stored_message>> at(const stream_facts& in, position_t sequence);
  /// All messages with sequences from `first` to `last`; there may be holes.
  result<std::vector<stored_message>> range(const stream_facts& in, position_t first,
                                            position_t last);
  /// The same of these sequences, which rise.
  result<std::vector<stored_message>> at_each(const stream_facts& in,
                                              std::vector<position_t> wanted);
  /// The stream's last sequence. `unavailable` where the leader may be one that was cut off, and
  /// does not know of what others have stored.
  result<position_t> end(const stream_facts& in);

 private:
  result<std::optional<stored_message>> direct_get(const stream_facts& in,
                                                   const std::string& question);
  result<std::optional<stored_message>> ask_leader(const stream_facts& in, position_t sequence);
  result<std::optional<stored_message>> ask_leader_for_next(const stream_facts& in,
                                                            const std::string& question);
  result<std::optional<stored_message>> ask_leader_for_last(const stream_facts& in,
                                                            const std::string& subject);

  const std::shared_ptr<connection> broker_;
  window_pool windows_;
};

}  // namespace troupe::nats
