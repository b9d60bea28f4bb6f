#pragma once

#include <memory>
#include <vector>

#include "bridges/nats/commit_message.hpp"
#include "bridges/nats/places.hpp"
#include "bridges/nats/retired_consumers.hpp"
#include "bridges/nats/stored_messages.hpp"

namespace troupe::nats {

/// Reads one entity's commits. A short tail is followed backwards, message by message, by the
/// previous sequence that each carries: a direct get each and nothing to clean up. A long one is
/// worth an ordered consumer. Thread-safe.
class entity_reader {
 public:
  entity_reader(std::shared_ptr<connection> broker, names called, streams& all,
                stored_messages& messages, places& newest);

  result<std::vector<recorded_commit>> read(const stream_id& stream, version_t from,
                                            std::size_t limit);
  /// The same, where the entity's last message is known already. `at`: where the commit that holds
  /// `from` is said to be, 0 if nothing is said; empty if it is not there.
  result<std::vector<recorded_commit>> read(const stream_facts& in, const stream_id& stream,
                                            const stored_message& newest, version_t from,
                                            position_t at, std::size_t limit);
  /// The commit that ends at this version is at this sequence: reading from behind it can start
  /// there.
  void remember(const stream_id& stream, place known) { starts_.replace(stream, known); }

 private:
  using commits = std::vector<recorded_commit>;

  result<commits> follow_back(const stream_facts& in, const stream_id& stream, read_commit last,
                              version_t from, std::size_t limit);
  result<commits> consume(const stream_facts& in, const stream_id& stream, position_t last,
                          version_t from, position_t at, std::size_t limit);

  const std::shared_ptr<connection> broker_;
  const names names_;
  streams& streams_;
  stored_messages& messages_;
  places& newest_;
  places starts_;
  retired_consumers retired_;
};

}  // namespace troupe::nats
