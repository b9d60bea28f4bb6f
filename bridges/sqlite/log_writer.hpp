#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bridges/sqlite/database.hpp"
#include "bridges/sqlite/sqlite_event_log.hpp"

namespace troupe::sqlite {

/// The only writer of log.db: appends batches, each in one transaction and one fsync. Thread-safe.
///
/// When a commit fails, its pages may have reached the write-ahead log all the same, and recovery
/// after a crash would bring them back. So the writer then makes another, harmless commit in their
/// place ("the fence"): once that is durable, the failed one is gone for good and may be reported
/// as not stored. Until then it is in doubt, and nobody may read the log to resolve the doubt,
/// because what the log shows could still change at the next start.
class log_writer {
 public:
  static result<std::unique_ptr<log_writer>> open(const std::filesystem::path& file,
                                                  const log_options& options);

  std::vector<append_result> append(std::span<const append_request> requests,
                                    std::span<const kept_outcome> outcomes);

  /// Success when nothing is in doubt (any more).
  result<void> settled();

  /// Success unless the last append failed and the disk still refuses writes, which is tried.
  result<void> writable();

  /// Outcomes older than this may go: a few with every append from now on, or at once while nobody
  /// appends.
  result<void> expire_outcomes(timestamp before);

  /// Runs `work` while no append is under way.
  template <class Work>
  auto pause(Work&& work) {
    const std::lock_guard lock(mutex_);
    return work();
  }

 private:
  /// What the writer knows of a category.
  struct category_end {
    std::int64_t number = 0;
    position_t head = 0;
  };

  log_writer(std::filesystem::path file, const log_options& options)
      : file_(std::move(file)), options_(options) {}

  result<void> connect(database::mode how);
  result<void> create_tables();
  result<std::vector<append_result>> write(std::span<const append_request> requests,
                                           std::span<const kept_outcome> outcomes);
  result<append_result> write_request(const append_request& request);
  /// The commit's position, or why it is refused.
  using verdict = result<position_t>;
  /// The outer error is of the database and ends the whole batch.
  result<verdict> write_commit(const commit& wanted, bool id_given);
  result<bool> known_command(const std::string& command_id);
  result<bool> known_outcome(const std::string& command_id);
  result<category_end*> find_category(const std::string& name);
  result<void> write_outcome(const kept_outcome& kept);
  result<bool> delete_expired();
  result<void> expire_now();
  error commit_failed();
  result<void> fence();

  const std::filesystem::path file_;
  const log_options options_;
  std::mutex mutex_;
  std::unique_ptr<database> database_;  ///< Empty after a failure, until the next use.
  std::map<std::string, category_end> categories_;
  std::atomic<bool> in_doubt_ = false;
  bool refused_ = false;              ///< The disk did not take the last append.
  std::optional<timestamp> expired_;  ///< Set while outcomes older than this are left.
  bool expired_by_append_ = false;
};

}  // namespace troupe::sqlite
