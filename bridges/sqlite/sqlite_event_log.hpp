#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>

#include "bridges/sqlite/data_directory.hpp"
#include "runtime/core/event_log.hpp"

namespace troupe::sqlite {

struct log_options {
  /// The write-ahead log is started anew when it has passed this size, at the next `maintain`.
  std::size_t wal_bytes = std::size_t{64} << 20U;
  /// Memory for pages of the file, for the writer alone.
  std::size_t cache_bytes = std::size_t{64} << 20U;
  /// How long to wait for a foreign process (a backup, the sqlite3 shell) that holds the file.
  std::chrono::milliseconds patience = std::chrono::seconds(5);
};

/// Opens, or makes, the event log in `<directory>/log.db`. What `append` reports stored is fsynced;
/// a crash or a power cut at any moment leaves whole commits only. README.md describes the files.
/// Errors: `unavailable` for a directory that is in use or not writable, `invalid` for a foreign
/// file, `unsupported` for a newer format, `corrupt` for a damaged file.
result<std::unique_ptr<event_log>> open_event_log(std::shared_ptr<data_directory> directory,
                                                  const log_options& options = {});

/// The same for a directory that nothing else of this process uses: takes the lock itself.
result<std::unique_ptr<event_log>> open_event_log(const std::filesystem::path& directory,
                                                  const log_options& options = {});

}  // namespace troupe::sqlite
