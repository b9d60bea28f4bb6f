#pragma once

#include <sqlite3.h>

#include <cstddef>
#include <memory>

namespace troupe::sqlite {

/// An open file of a `vfs_layer`: hands every call to the real file. A layer overrides what it is
/// about. Used by one connection, and so by one thread at a time. All answers are SQLite's codes.
class layered_file {
 public:
  layered_file() = default;
  layered_file(const layered_file&) = delete;
  layered_file& operator=(const layered_file&) = delete;
  virtual ~layered_file() = default;

  virtual int close() { return real_->pMethods->xClose(real_); }
  virtual int read(void* to, int size, sqlite3_int64 at) {
    return real_->pMethods->xRead(real_, to, size, at);
  }
  virtual int write(const void* from, int size, sqlite3_int64 at) {
    return real_->pMethods->xWrite(real_, from, size, at);
  }
  virtual int truncate(sqlite3_int64 size) { return real_->pMethods->xTruncate(real_, size); }
  virtual int sync(int flags) { return real_->pMethods->xSync(real_, flags); }
  virtual int size(sqlite3_int64* answer) { return real_->pMethods->xFileSize(real_, answer); }
  virtual int lock_shared_memory(int offset, int count, int flags) {
    return real_->pMethods->xShmLock(real_, offset, count, flags);
  }

 private:
  friend class vfs_layer;
  std::unique_ptr<std::byte[]> memory_;  ///< Of `real_`, whose size its VFS says.
  sqlite3_file* real_ = nullptr;
};

/// A VFS over the one that is SQLite's default when a file is opened. Must outlive its files.
class vfs_layer {
 public:
  /// `name` is for sqlite3_open_v2 and must outlive the layer.
  explicit vfs_layer(const char* name);
  vfs_layer(const vfs_layer&) = delete;
  vfs_layer& operator=(const vfs_layer&) = delete;
  virtual ~vfs_layer();

  /// From now on files are opened through this layer where no VFS is named, until it ends.
  void be_default();

  /// The layer's object for a file that a connection has opened; nullptr for one that is not
  /// ours.
  static layered_file* of(sqlite3_file* file);

 protected:
  /// The object for a file about to be opened, with the flags of xOpen; `name` is null for a
  /// temporary one.
  virtual std::unique_ptr<layered_file> make(const char* name, int flags) = 0;

 private:
  struct handle;
  static const sqlite3_io_methods* methods();
  static vfs_layer& of(sqlite3_vfs* self) { return *static_cast<vfs_layer*>(self->pAppData); }
  [[nodiscard]] sqlite3_vfs* real() const;
  int open(const char* name, sqlite3_file* opened, int flags, int* flags_out);

  sqlite3_vfs* below_;  ///< The default when this layer was made.
  sqlite3_vfs vfs_;
  bool default_ = false;
};

}  // namespace troupe::sqlite
