#pragma once

#include <atomic>
#include <memory>
#include <string_view>

#include "bridges/sqlite/vfs_layer.hpp"

namespace troupe::sqlite {

/// For tests: while it lives, files opened through SQLite are on a disk whose write-ahead logs can
/// be made to fail. Files opened meanwhile must be closed before it ends. At most one at a time.
class faulty_disk final : public vfs_layer {
 public:
  faulty_disk() : vfs_layer("faulty") { be_default(); }

  /// The code that the next `times` writes to a write-ahead log answer, without writing.
  void fail_writes(int code, int times = 1'000'000) {
    write_code_ = code;
    failing_writes_ = times;
  }
  /// The same for flushes; what was written stays in the file, as it may after a real failure.
  void fail_syncs(int code, int times = 1'000'000) {
    sync_code_ = code;
    failing_syncs_ = times;
  }
  void mend() {
    failing_writes_ = 0;
    failing_syncs_ = 0;
  }
  /// Of files that are no write-ahead logs, so far.
  [[nodiscard]] int flushed_files() const { return flushed_files_; }
  /// To write-ahead logs, so far.
  [[nodiscard]] int log_writes() const { return log_writes_; }

 private:
  struct file final : layered_file {
    explicit file(faulty_disk& on) : disk(on) {}
    int sync(int flags) override {
      ++disk.flushed_files_;
      return layered_file::sync(flags);
    }
    faulty_disk& disk;
  };

  struct log_file final : layered_file {
    explicit log_file(faulty_disk& on) : disk(on) {}
    int write(const void* from, int size, sqlite3_int64 at) override {
      ++disk.log_writes_;
      if (const int code = fail(disk.failing_writes_, disk.write_code_)) return code;
      return layered_file::write(from, size, at);
    }
    int sync(int flags) override {
      if (const int code = fail(disk.failing_syncs_, disk.sync_code_)) return code;
      return layered_file::sync(flags);
    }
    faulty_disk& disk;
  };

  static int fail(std::atomic<int>& times, const std::atomic<int>& code) {
    if (times.load() <= 0) return SQLITE_OK;
    --times;
    return code;
  }

  std::unique_ptr<layered_file> make(const char* name, int /*flags*/) override {
    if (name != nullptr && std::string_view(name).ends_with("-wal")) {
      return std::make_unique<log_file>(*this);
    }
    return std::make_unique<file>(*this);
  }

  std::atomic<int> write_code_ = SQLITE_OK;
  std::atomic<int> failing_writes_ = 0;
  std::atomic<int> sync_code_ = SQLITE_OK;
  std::atomic<int> failing_syncs_ = 0;
  std::atomic<int> flushed_files_ = 0;
  std::atomic<int> log_writes_ = 0;
};

}  // namespace troupe::sqlite
