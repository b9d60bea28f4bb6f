#pragma once

#include <filesystem>
#include <memory>
#include <mutex>

#include "bridges/sqlite/database.hpp"
#include "bridges/sqlite/reader_pool.hpp"
#include "runtime/core/event_log.hpp"

namespace troupe::sqlite {

/// Snapshots, in a file of their own: a cache that anybody may write while the log appends, without
/// its lock and without an fsync of its own. A damaged file is made anew. Thread-safe.
class snapshot_store {
 public:
  static result<std::unique_ptr<snapshot_store>> open(const std::filesystem::path& file);

  result<std::optional<snapshot>> load(const stream_id& stream);
  result<void> save(const snapshot& saved);

 private:
  explicit snapshot_store(const std::filesystem::path& file) : readers_(file) {}
  result<void> create(const std::filesystem::path& file);

  std::mutex mutex_;
  std::unique_ptr<database> writer_;
  reader_pool readers_;
};

}  // namespace troupe::sqlite
