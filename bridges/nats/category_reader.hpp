#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "bridges/nats/commit_message.hpp"
#include "bridges/nats/recent_positions.hpp"
#include "bridges/nats/stored_messages.hpp"

namespace troupe::nats {

/// Reads the events of a category in their order, between which durable commands lie. A stream that
/// ends before a position that has been seen is `corrupt` until the node is started again: what is
/// stored below that position now would be passed over by whoever has read on. Thread-safe.
class category_reader {
 public:
  category_reader(names called, streams& all, stored_messages& messages)
      : names_(std::move(called)), streams_(all), messages_(messages) {}

  result<std::vector<recorded_commit>> read(const std::string& category, position_t from,
                                            std::size_t limit);
  /// The position of the last event.
  result<position_t> head(const std::string& category);
  /// This commit is stored at this position.
  void learn(const commit& stored, position_t position);

 private:
  /// What is known of a stream; both only rise.
  struct known_end {
    position_t end = 0;   ///< Up to here `head` is right.
    position_t head = 0;  ///< The last event's.
  };

  struct known_category {
    known_end ends;
    recent_positions recent;
  };

  known_end known(const std::string& category);
  /// The events from `first` to `last`, and how large a message there is on average.
  struct part {
    std::vector<recorded_commit> events;
    std::size_t bytes_each = 1;
  };
  result<part> read_part(const stream_facts& in, const std::string& category, position_t first,
                         position_t last, position_t end);

  const names names_;
  streams& streams_;
  stored_messages& messages_;
  std::mutex mutex_;
  std::map<std::string, known_category> known_;
};

}  // namespace troupe::nats
