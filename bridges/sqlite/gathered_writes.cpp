#include "bridges/sqlite/gathered_writes.hpp"

#include <algorithm>
#include <vector>

#include "bridges/sqlite/vfs_layer.hpp"

namespace troupe::sqlite {
namespace {

/// A longer transaction is written in pieces of this size. SQLite's files take no write of 128 KiB
/// or more.
constexpr std::size_t most_gathered = std::size_t{64} << 10U;

// The format of a write-ahead log: https://sqlite.org/fileformat2.html#the_write_ahead_log
constexpr int frame_header_size = 24;
constexpr int smallest_page = 512;
/// The lock that a connection holds while it writes to the write-ahead log.
constexpr int write_lock = 0;

/// A frame's header says how large the database is after a commit, and 0 within a transaction.
bool ends_a_transaction(const void* frame_header) {
  const auto* bytes = static_cast<const unsigned char*>(frame_header);
  return std::any_of(bytes + 4, bytes + 8, [](unsigned char one) { return one != 0; });
}

class write_ahead_file;

class database_file final : public layered_file {
 public:
  int lock_shared_memory(int offset, int count, int flags) override;

  write_ahead_file* log = nullptr;  ///< While it is open.
};

class write_ahead_file final : public layered_file {
 public:
  explicit write_ahead_file(database_file& database) : database_(database) { database_.log = this; }
  ~write_ahead_file() override { database_.log = nullptr; }

  int close() override {
    write_gathered();
    return layered_file::close();
  }

  int read(void* to, int size, sqlite3_int64 at) override {
    if (const int code = write_gathered(); code != SQLITE_OK) return code;
    return layered_file::read(to, size, at);
  }

  int write(const void* from, int size, sqlite3_int64 at) override {
    const bool ends_commit = commit_begun_ && size >= smallest_page;
    commit_begun_ = size == frame_header_size && ends_a_transaction(from);
    if (at != end()) {
      if (const int code = write_gathered(); code != SQLITE_OK) return code;
      // Only what goes on from the last write, or starts the log anew, belongs to a run of frames.
      // SQLite also corrects checksums of frames that it wrote before, and nothing follows these.
      if (at != 0) {
        const int code = layered_file::write(from, size, at);
        if (code == SQLITE_OK) written_to_ = std::max(written_to_, at + size);
        return code;
      }
      written_to_ = 0;
    }
    if (gathered_.size() + static_cast<std::size_t>(size) > most_gathered) {
      if (const int code = write_gathered(); code != SQLITE_OK) return code;
    }
    const auto* bytes = static_cast<const char*>(from);
    gathered_.insert(gathered_.end(), bytes, bytes + size);
    // After a commit's last page SQLite tells the others of the commit.
    return ends_commit ? write_gathered() : SQLITE_OK;
  }

  int truncate(sqlite3_int64 size) override {
    if (const int code = write_gathered(); code != SQLITE_OK) return code;
    written_to_ = std::min(written_to_, size);
    return layered_file::truncate(size);
  }

  int sync(int flags) override {
    if (const int code = write_gathered(); code != SQLITE_OK) return code;
    return layered_file::sync(flags);
  }

  int size(sqlite3_int64* answer) override {
    if (const int code = write_gathered(); code != SQLITE_OK) return code;
    return layered_file::size(answer);
  }

  /// Only pages of a transaction that was rolled back are left now. The next one writes over them,
  /// and if that is another connection's, they must not come after it.
  void end_transaction() {
    write_gathered();
    gathered_.clear();
  }

 private:
  [[nodiscard]] sqlite3_int64 end() const {
    return written_to_ + static_cast<sqlite3_int64>(gathered_.size());
  }

  /// What could not be written stays, so that the transaction cannot be committed without it.
  int write_gathered() {
    if (gathered_.empty()) return SQLITE_OK;
    const int code =
        layered_file::write(gathered_.data(), static_cast<int>(gathered_.size()), written_to_);
    if (code != SQLITE_OK) return code;
    written_to_ = end();
    gathered_.clear();
    return SQLITE_OK;
  }

  database_file& database_;
  std::vector<char> gathered_;  ///< To be written at `written_to_`.
  sqlite3_int64 written_to_ = 0;
  bool commit_begun_ = false;  ///< The last write was the header of a commit's last frame.
};

int database_file::lock_shared_memory(int offset, int count, int flags) {
  const bool releases = (flags & SQLITE_SHM_UNLOCK) != 0 && (flags & SQLITE_SHM_EXCLUSIVE) != 0 &&
                        offset <= write_lock && write_lock < offset + count;
  if (releases && log != nullptr) log->end_transaction();
  return layered_file::lock_shared_memory(offset, count, flags);
}

class gathering_vfs final : public vfs_layer {
 public:
  static constexpr const char* name = "gathered-writes";

  gathering_vfs() : vfs_layer(name) {}

 private:
  std::unique_ptr<layered_file> make(const char* file, int flags) override {
    if ((flags & SQLITE_OPEN_MAIN_DB) != 0) return std::make_unique<database_file>();
    if ((flags & SQLITE_OPEN_WAL) != 0) {
      auto* database = dynamic_cast<database_file*>(of(sqlite3_database_file_object(file)));
      if (database != nullptr) return std::make_unique<write_ahead_file>(*database);
    }
    return std::make_unique<layered_file>();
  }
};

}  // namespace

const char* vfs_of_gathered_writes() {
  static gathering_vfs only;
  return gathering_vfs::name;
}

}  // namespace troupe::sqlite
