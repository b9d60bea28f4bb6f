#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "runtime/core/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace troupe::sqlite {

class database;

/// A prepared statement on loan from its connection; returned reset and unbound when it is
/// destroyed. Text is bound by reference and must stay alive until the last `step`. Parameters and
/// columns count from 0.
class statement {
 public:
  statement(statement&& other) noexcept;
  statement& operator=(statement&&) = delete;
  ~statement();

  statement& bind(int parameter, std::int64_t value);
  statement& bind(int parameter, double value);
  statement& bind(int parameter, std::string_view text);
  statement& bind(int parameter, const std::string& text) {
    return bind(parameter, std::string_view(text));
  }
  statement& bind(int parameter, const char* text) {
    return bind(parameter, std::string_view(text));
  }
  statement& bind(int parameter, std::string&& text) = delete;
  statement& bind_null(int parameter);

  /// Runs to the next row; false when there is no more. A failed bind shows here.
  result<bool> step();
  /// Runs to the end; rows are ignored. The statement may then be bound and run again.
  result<void> run();

  /// Its text, with the comments before it. Valid while the statement is.
  [[nodiscard]] std::string_view sql() const;

  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::uint64_t unsigned_integer(int column) const {
    return static_cast<std::uint64_t>(integer(column));
  }
  [[nodiscard]] double real(int column) const;
  [[nodiscard]] bool is_real(int column) const;
  [[nodiscard]] bool is_integer(int column) const;
  /// Valid until the next `step`.
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] std::string string(int column) const { return std::string(text(column)); }

 private:
  friend class database;
  statement(database& owner, sqlite3_stmt* prepared, bool* on_loan)
      : owner_(&owner), prepared_(prepared), on_loan_(on_loan) {}
  void note(int code);

  database* owner_;
  sqlite3_stmt* prepared_;
  bool* on_loan_;  ///< Of the cache's entry; nullptr when the statement is not cached.
  int bind_failure_ = 0;
};

/// Who made a file, kept in its header: the magic number of one kind of file and the version of its
/// format.
struct file_identity {
  std::int32_t application = 0;
  int version = 1;
  const char* kind = "";  ///< For messages: "Troupe event log".
};

/// One connection to one file, with its statement cache. Not thread-safe. All failures are
/// `result`s; messages name the file.
class database {
 public:
  enum class mode {
    read_only,
    read_write,  ///< The file must exist.
    create,      ///< The file is made if it does not exist.
  };

  /// How long a connection waits for another one's lock, where nothing else is said.
  static constexpr auto usual_patience = std::chrono::seconds(5);

  /// Opens the file. How long to wait for another connection's lock is `patience`.
  static result<std::unique_ptr<database>> open(
      const std::filesystem::path& file, mode how,
      std::chrono::milliseconds patience = usual_patience);
  database(const database&) = delete;
  database& operator=(const database&) = delete;
  ~database();

  /// `unsupported` for a newer format, `invalid` for somebody else's file, `corrupt` for no
  /// database at all. True if the file is new (or belongs to nobody, when `adopt` allows that) and
  /// has to be given its tables.
  result<bool> identify(const file_identity& identity, bool adopt = false);
  /// Marks the file as of this identity; to be called in the transaction that makes its tables.
  result<void> sign(const file_identity& identity);

  /// A statement, prepared once per text. While one is on loan, the same text gives a second one.
  result<statement> prepare(std::string_view sql);
  /// Runs a script of statements, ignoring rows.
  result<void> execute(const std::string& script);
  /// Prepares the first statement of a script and cuts it off; nothing at the script's end. Not
  /// cached.
  result<std::optional<statement>> prepare_next(std::string_view& script);
  /// The first column of the first row; 0 if there is no row.
  result<std::int64_t> number(std::string_view sql);

  result<void> begin();
  result<void> commit();
  /// Ends a transaction that is still open, whatever happened to it.
  void rollback() noexcept;
  [[nodiscard]] bool in_transaction() const;
  /// Rows changed by the last statement.
  [[nodiscard]] std::int64_t changes() const;

  /// The last failure on this connection, as the caller should see it.
  error failure();
  /// False once the file or the disk has failed: better go on with a new connection.
  [[nodiscard]] bool healthy() const { return healthy_; }
  /// SQLite's primary code of the last failure.
  [[nodiscard]] int failure_code() const;

  struct checkpoint_progress {
    bool busy = false;
    int frames = 0;  ///< In the write-ahead log.
    int copied = 0;  ///< Of these, already in the database file.
  };
  /// Copies the write-ahead log into the file without waiting for anybody, and flushes the file; or
  /// (`restart`) waits for readers and writers so that the next commit starts the log anew.
  result<checkpoint_progress> checkpoint(bool restart);

  /// For a connection whose commits do not wait for the disk: flushes the write-ahead log whenever
  /// it has grown by `flush_frames`, and checkpoints it when it holds `checkpoint_frames`. The
  /// checkpoint alone would flush all of it at once, and every other file's flush would wait. A
  /// commit of more than `flush_frames` is one of many that catch up, and is not held up.
  void pace_write_ahead_log(int flush_frames, int checkpoint_frames);

 private:
  friend class statement;
  database(sqlite3* handle, std::string name) : handle_(handle), name_(std::move(name)) {}
  error failure_of(int code, const char* message);
  void make_room();
  /// Flushes one of the connection's files: SQLITE_FCNTL_FILE_POINTER or _JOURNAL_POINTER. A result
  /// code of SQLite's.
  int flush(int which);
  static int on_commit(void* self, sqlite3* connection, const char* name, int frames);

  struct write_ahead_pace {
    int flush_frames = 0;
    int checkpoint_frames = 0;
    // Frames since the log's last start.
    int committed = 0;
    int flushed = 0;
  };

  struct cached {
    sqlite3_stmt* prepared = nullptr;
    bool on_loan = false;
  };
  struct text_hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  sqlite3* handle_;
  std::string name_;
  bool healthy_ = true;
  int copied_ = 0;  ///< Frames, by the last checkpoint.
  write_ahead_pace pace_;
  std::unordered_map<std::string, cached, text_hash, std::equal_to<>> cache_;
};

}  // namespace troupe::sqlite
