#pragma once

#include <span>
#include <string>
#include <vector>

#include "runtime/core/event_log.hpp"

namespace troupe::testkit {

/// Passes every call on to another log, which outlives it: the base of logs that a test watches,
/// delays or breaks in one place.
class forwarding_log : public event_log {
 public:
  explicit forwarding_log(event_log& behind) : behind_(behind) {}

  std::vector<append_result> append(std::span<const append_request> requests,
                                    std::span<const kept_outcome> outcomes) override {
    return behind_.append(requests, outcomes);
  }
  result<std::vector<recorded_commit>> read_stream(const stream_id& stream, version_t from,
                                                   std::size_t limit) override {
    return behind_.read_stream(stream, from, limit);
  }
  result<std::vector<recorded_commit>> read_category(const std::string& category, position_t from,
                                                     std::size_t limit) override {
    return behind_.read_category(category, from, limit);
  }
  result<position_t> head(const std::string& category) override { return behind_.head(category); }
  result<std::optional<recorded_commit>> find_command(const std::string& id) override {
    return behind_.find_command(id);
  }
  result<std::optional<kept_outcome>> find_outcome(const std::string& id) override {
    return behind_.find_outcome(id);
  }
  result<std::optional<snapshot>> load_snapshot(const stream_id& stream) override {
    return behind_.load_snapshot(stream);
  }
  result<void> save_snapshot(const snapshot& saved) override {
    return behind_.save_snapshot(saved);
  }
  result<void> maintain(timestamp now) override { return behind_.maintain(now); }

 private:
  event_log& behind_;
};

}  // namespace troupe::testkit
