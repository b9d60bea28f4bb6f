#pragma once

#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/core/event_log.hpp"

namespace troupe::testkit {

/// An event log that lives as long as the object: for tests and for `--log memory`. Complete and
/// thread-safe, `append` included; durable it is not. Positions count a category's commits from 1.
class memory_event_log : public event_log {
 public:
  std::vector<append_result> append(std::span<const append_request> requests,
                                    std::span<const kept_outcome> outcomes) override;
  result<std::vector<recorded_commit>> read_stream(const stream_id& stream, version_t from,
                                                   std::size_t limit) override;
  result<std::vector<recorded_commit>> read_category(const std::string& category, position_t from,
                                                     std::size_t limit) override;
  result<position_t> head(const std::string& category) override;
  result<std::optional<recorded_commit>> find_command(const std::string& command_id) override;
  result<std::optional<kept_outcome>> find_outcome(const std::string& command_id) override;
  result<std::optional<snapshot>> load_snapshot(const stream_id& stream) override;
  result<void> save_snapshot(const snapshot& saved) override;
  result<void> maintain(timestamp now) override;

 private:
  using commit_ptr = std::shared_ptr<const recorded_commit>;
  /// By rising position or version.
  using commit_list = std::vector<commit_ptr>;

  /// Why the commit cannot be stored now, if it cannot.
  [[nodiscard]] std::optional<error> refusal(const commit& wanted, bool id_given) const;
  position_t store(const commit& accepted);

  mutable std::shared_mutex mutex_;
  std::map<std::string, commit_list> categories_;
  std::map<stream_id, commit_list> streams_;
  std::unordered_map<std::string, commit_ptr> commands_;
  std::unordered_map<std::string, kept_outcome> outcomes_;
  std::map<stream_id, snapshot> snapshots_;
};

}  // namespace troupe::testkit
