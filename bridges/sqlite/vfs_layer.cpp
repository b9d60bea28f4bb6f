#include "bridges/sqlite/vfs_layer.hpp"

#include <utility>

namespace troupe::sqlite {

/// What SQLite holds of an open file.
struct vfs_layer::handle {
  sqlite3_file base;
  layered_file* file;  ///< Owned, from a successful xOpen to xClose.
  static layered_file& of(sqlite3_file* base) { return *reinterpret_cast<handle*>(base)->file; }
};

const sqlite3_io_methods* vfs_layer::methods() {
  static const sqlite3_io_methods table = [] {
    sqlite3_io_methods m{};
    // Version 2: shared memory, for write-ahead logs; no mapped files.
    m.iVersion = 2;
    m.xClose = [](sqlite3_file* f) {
      const std::unique_ptr<layered_file> file(&handle::of(f));
      return file->close();
    };
    m.xRead = [](sqlite3_file* f, void* to, int size, sqlite3_int64 at) {
      return handle::of(f).read(to, size, at);
    };
    m.xWrite = [](sqlite3_file* f, const void* from, int size, sqlite3_int64 at) {
      return handle::of(f).write(from, size, at);
    };
    m.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) { return handle::of(f).truncate(size); };
    m.xSync = [](sqlite3_file* f, int flags) { return handle::of(f).sync(flags); };
    m.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) { return handle::of(f).size(size); };
    m.xLock = [](sqlite3_file* f, int level) {
      auto* real = handle::of(f).real_;
      return real->pMethods->xLock(real, level);
    };
    m.xUnlock = [](sqlite3_file* f, int level) {
      auto* real = handle::of(f).real_;
      return real->pMethods->xUnlock(real, level);
    };
    m.xCheckReservedLock = [](sqlite3_file* f, int* held) {
      auto* real = handle::of(f).real_;
      return real->pMethods->xCheckReservedLock(real, held);
    };
    m.xFileControl = [](sqlite3_file* f, int what, void* with) {
      auto* real = handle::of(f).real_;
      return real->pMethods->xFileControl(real, what, with);
    };
    m.xSectorSize = [](sqlite3_file* f) {
      auto* real = handle::of(f).real_;
      return real->pMethods->xSectorSize(real);
    };
    m.xDeviceCharacteristics = [](sqlite3_file* f) {
      auto* real = handle::of(f).real_;
      return real->pMethods->xDeviceCharacteristics(real);
    };
    m.xShmMap = [](sqlite3_file* f, int page, int size, int extend, void volatile** at) {
      auto* real = handle::of(f).real_;
      return real->pMethods->xShmMap(real, page, size, extend, at);
    };
    m.xShmLock = [](sqlite3_file* f, int offset, int count, int flags) {
      return handle::of(f).lock_shared_memory(offset, count, flags);
    };
    m.xShmBarrier = [](sqlite3_file* f) {
      auto* real = handle::of(f).real_;
      real->pMethods->xShmBarrier(real);
    };
    m.xShmUnmap = [](sqlite3_file* f, int erase) {
      auto* real = handle::of(f).real_;
      return real->pMethods->xShmUnmap(real, erase);
    };
    return m;
  }();
  return &table;
}

vfs_layer::vfs_layer(const char* name) : below_(sqlite3_vfs_find(nullptr)), vfs_(*below_) {
  vfs_.zName = name;
  vfs_.pNext = nullptr;
  vfs_.pAppData = this;
  vfs_.szOsFile = static_cast<int>(sizeof(handle));
  vfs_.xOpen = [](sqlite3_vfs* self, const char* file, sqlite3_file* opened, int flags, int* out) {
    return of(self).open(file, opened, flags, out);
  };
  // The real one finds its own data in the structure that it is given.
  vfs_.xDelete = [](sqlite3_vfs* self, const char* file, int sync) {
    auto* real = of(self).real();
    return real->xDelete(real, file, sync);
  };
  vfs_.xAccess = [](sqlite3_vfs* self, const char* file, int flags, int* out) {
    auto* real = of(self).real();
    return real->xAccess(real, file, flags, out);
  };
  vfs_.xFullPathname = [](sqlite3_vfs* self, const char* file, int size, char* out) {
    auto* real = of(self).real();
    return real->xFullPathname(real, file, size, out);
  };
  sqlite3_vfs_register(&vfs_, 0);
}

vfs_layer::~vfs_layer() {
  sqlite3_vfs_unregister(&vfs_);
  if (default_) sqlite3_vfs_register(below_, 1);
}

void vfs_layer::be_default() {
  default_ = true;
  sqlite3_vfs_register(&vfs_, 1);
}

sqlite3_vfs* vfs_layer::real() const { return default_ ? below_ : sqlite3_vfs_find(nullptr); }

layered_file* vfs_layer::of(sqlite3_file* file) {
  const bool ours = file != nullptr && file->pMethods == methods();
  return ours ? &handle::of(file) : nullptr;
}

int vfs_layer::open(const char* name, sqlite3_file* opened, int flags, int* flags_out) {
  auto file = make(name, flags);
  auto* below = real();
  file->memory_ = std::make_unique<std::byte[]>(static_cast<std::size_t>(below->szOsFile));
  file->real_ = reinterpret_cast<sqlite3_file*>(file->memory_.get());
  // SQLite closes a file that could not be opened if it finds methods in it.
  opened->pMethods = nullptr;
  const int code = below->xOpen(below, name, file->real_, flags, flags_out);
  if (code != SQLITE_OK) {
    if (file->real_->pMethods != nullptr) file->close();
    return code;
  }
  opened->pMethods = methods();
  reinterpret_cast<handle*>(opened)->file = file.release();
  return code;
}

}  // namespace troupe::sqlite
