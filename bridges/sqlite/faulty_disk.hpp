#pragma once

#include <sqlite3.h>

#include <atomic>
#include <string_view>

namespace troupe::sqlite {

/// For tests: while it lives, files opened through SQLite are on a disk whose write-ahead logs can
/// be made to fail. Files opened meanwhile must be closed before it ends. At most one at a time.
class faulty_disk {
 public:
  faulty_disk();
  faulty_disk(const faulty_disk&) = delete;
  faulty_disk& operator=(const faulty_disk&) = delete;
  ~faulty_disk();

  /// The code that the next `times` writes to a write-ahead log answer, without writing.
  void fail_writes(int code, int times = 1'000'000);
  /// The same for flushes; what was written stays in the file, as it may after a real failure.
  void fail_syncs(int code, int times = 1'000'000);
  void mend();
  /// Of files that are no write-ahead logs, so far.
  [[nodiscard]] int flushed_files() const { return flushed_files_; }

 private:
  struct faults {
    std::atomic<int> write_code = SQLITE_OK;
    std::atomic<int> writes = 0;
    std::atomic<int> sync_code = SQLITE_OK;
    std::atomic<int> syncs = 0;
  };
  struct file;
  static int fail(std::atomic<int>& times, const std::atomic<int>& code);
  static int open(sqlite3_vfs* self, const char* name, sqlite3_file* opened, int flags, int* out);
  static const sqlite3_io_methods* methods();

  sqlite3_vfs* real_;
  sqlite3_vfs vfs_;
  faults faults_;
  std::atomic<int> flushed_files_ = 0;
};

// Everything but `xWrite` and `xSync` goes straight to the real file.

struct faulty_disk::file {
  sqlite3_file base;
  faulty_disk* disk;
  faults* failing;  ///< nullptr for all but write-ahead logs.
  [[nodiscard]] sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  static file* of(sqlite3_file* base) { return reinterpret_cast<file*>(base); }
};

inline int faulty_disk::fail(std::atomic<int>& times, const std::atomic<int>& code) {
  if (times.load() <= 0) return SQLITE_OK;
  --times;
  return code;
}

inline const sqlite3_io_methods* faulty_disk::methods() {
  static const sqlite3_io_methods table = [] {
    sqlite3_io_methods m{};
    // Version 2: shared memory, for write-ahead logs; no mapped files.
    m.iVersion = 2;
    m.xClose = [](sqlite3_file* f) {
      auto* real = file::of(f)->real();
      return real->pMethods == nullptr ? SQLITE_OK : real->pMethods->xClose(real);
    };
    m.xRead = [](sqlite3_file* f, void* to, int size, sqlite3_int64 at) {
      auto* real = file::of(f)->real();
      return real->pMethods->xRead(real, to, size, at);
    };
    m.xWrite = [](sqlite3_file* f, const void* from, int size, sqlite3_int64 at) {
      if (auto* faulty = file::of(f)->failing) {
        if (const int code = fail(faulty->writes, faulty->write_code)) return code;
      }
      auto* real = file::of(f)->real();
      return real->pMethods->xWrite(real, from, size, at);
    };
    m.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) {
      auto* real = file::of(f)->real();
      return real->pMethods->xTruncate(real, size);
    };
    m.xSync = [](sqlite3_file* f, int flags) {
      if (auto* faulty = file::of(f)->failing) {
        if (const int code = fail(faulty->syncs, faulty->sync_code)) return code;
      } else {
        ++file::of(f)->disk->flushed_files_;
      }
      auto* real = file::of(f)->real();
      return real->pMethods->xSync(real, flags);
    };
    m.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) {
      auto* real = file::of(f)->real();
      return real->pMethods->xFileSize(real, size);
    };
    m.xLock = [](sqlite3_file* f, int level) {
      auto* real = file::of(f)->real();
      return real->pMethods->xLock(real, level);
    };
    m.xUnlock = [](sqlite3_file* f, int level) {
      auto* real = file::of(f)->real();
      return real->pMethods->xUnlock(real, level);
    };
    m.xCheckReservedLock = [](sqlite3_file* f, int* held) {
      auto* real = file::of(f)->real();
      return real->pMethods->xCheckReservedLock(real, held);
    };
    m.xFileControl = [](sqlite3_file* f, int what, void* with) {
      auto* real = file::of(f)->real();
      return real->pMethods->xFileControl(real, what, with);
    };
    m.xSectorSize = [](sqlite3_file* f) {
      auto* real = file::of(f)->real();
      return real->pMethods->xSectorSize(real);
    };
    m.xDeviceCharacteristics = [](sqlite3_file* f) {
      auto* real = file::of(f)->real();
      return real->pMethods->xDeviceCharacteristics(real);
    };
    m.xShmMap = [](sqlite3_file* f, int page, int size, int extend, void volatile** at) {
      auto* real = file::of(f)->real();
      return real->pMethods->xShmMap(real, page, size, extend, at);
    };
    m.xShmLock = [](sqlite3_file* f, int offset, int count, int flags) {
      auto* real = file::of(f)->real();
      return real->pMethods->xShmLock(real, offset, count, flags);
    };
    m.xShmBarrier = [](sqlite3_file* f) {
      auto* real = file::of(f)->real();
      real->pMethods->xShmBarrier(real);
    };
    m.xShmUnmap = [](sqlite3_file* f, int erase) {
      auto* real = file::of(f)->real();
      return real->pMethods->xShmUnmap(real, erase);
    };
    return m;
  }();
  return &table;
}

inline int faulty_disk::open(sqlite3_vfs* self, const char* name, sqlite3_file* opened, int flags,
                             int* out) {
  auto* disk = static_cast<faulty_disk*>(self->pAppData);
  auto* mine = file::of(opened);
  const bool log = name != nullptr && std::string_view(name).ends_with("-wal");
  mine->disk = disk;
  mine->failing = log ? &disk->faults_ : nullptr;
  mine->real()->pMethods = nullptr;
  const int code = disk->real_->xOpen(disk->real_, name, mine->real(), flags, out);
  mine->base.pMethods = code == SQLITE_OK ? methods() : nullptr;
  return code;
}

inline faulty_disk::faulty_disk() : real_(sqlite3_vfs_find(nullptr)), vfs_(*real_) {
  vfs_.zName = "faulty";
  vfs_.pNext = nullptr;
  vfs_.pAppData = this;
  vfs_.szOsFile = static_cast<int>(sizeof(file)) + real_->szOsFile;
  vfs_.xOpen = open;
  // The real one finds its own data in the structure that it is given.
  vfs_.xDelete = [](sqlite3_vfs* self, const char* name, int sync) {
    auto* real = static_cast<faulty_disk*>(self->pAppData)->real_;
    return real->xDelete(real, name, sync);
  };
  vfs_.xAccess = [](sqlite3_vfs* self, const char* name, int flags, int* out) {
    auto* real = static_cast<faulty_disk*>(self->pAppData)->real_;
    return real->xAccess(real, name, flags, out);
  };
  vfs_.xFullPathname = [](sqlite3_vfs* self, const char* name, int size, char* out) {
    auto* real = static_cast<faulty_disk*>(self->pAppData)->real_;
    return real->xFullPathname(real, name, size, out);
  };
  sqlite3_vfs_register(&vfs_, 1);
}

inline faulty_disk::~faulty_disk() {
  sqlite3_vfs_unregister(&vfs_);
  sqlite3_vfs_register(real_, 1);
}

inline void faulty_disk::fail_writes(int code, int times) {
  faults_.write_code = code;
  faults_.writes = times;
}

inline void faulty_disk::fail_syncs(int code, int times) {
  faults_.sync_code = code;
  faults_.syncs = times;
}

inline void faulty_disk::mend() {
  faults_.writes = 0;
  faults_.syncs = 0;
}

}  // namespace troupe::sqlite
