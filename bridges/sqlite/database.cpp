#include "bridges/sqlite/database.hpp"

#include <sqlite3.h>

#include <climits>
#include <utility>

#include "bridges/sqlite/gathered_writes.hpp"

namespace troupe::sqlite {
namespace {

/// Query shapes come from callers, so the cache has to end somewhere.
constexpr std::size_t cached_statements = 128;

errc code_of(int code) {
  if (code == SQLITE_IOERR_CORRUPTFS) return errc::corrupt;
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_NOMEM:
    case SQLITE_PERM:
    case SQLITE_PROTOCOL:
      return errc::unavailable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
      return errc::corrupt;
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
      return errc::invalid;
    default:
      return errc::internal;
  }
}

}  // namespace

statement::statement(statement&& other) noexcept
    : owner_(other.owner_),
      prepared_(std::exchange(other.prepared_, nullptr)),
      on_loan_(other.on_loan_),
      bind_failure_(other.bind_failure_) {}

statement::~statement() {
  if (prepared_ == nullptr) return;
  if (on_loan_ == nullptr) {
    sqlite3_finalize(prepared_);
    return;
  }
  sqlite3_reset(prepared_);
  sqlite3_clear_bindings(prepared_);
  *on_loan_ = false;
}

void statement::note(int code) {
  if (code != SQLITE_OK && bind_failure_ == SQLITE_OK) bind_failure_ = code;
}

statement& statement::bind(int parameter, std::int64_t value) {
  note(sqlite3_bind_int64(prepared_, parameter + 1, value));
  return *this;
}

statement& statement::bind(int parameter, double value) {
  note(sqlite3_bind_double(prepared_, parameter + 1, value));
  return *this;
}

statement& statement::bind(int parameter, std::string_view text) {
  // A null pointer would bind NULL instead of empty text.
  const char* data = text.data() == nullptr ? "" : text.data();
  note(
      sqlite3_bind_text64(prepared_, parameter + 1, data, text.size(), SQLITE_STATIC, SQLITE_UTF8));
  return *this;
}

statement& statement::bind_null(int parameter) {
  note(sqlite3_bind_null(prepared_, parameter + 1));
  return *this;
}

result<bool> statement::step() {
  if (bind_failure_ != SQLITE_OK) {
    return owner_->failure_of(bind_failure_, sqlite3_errstr(bind_failure_));
  }
  const int code = sqlite3_step(prepared_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  auto problem = owner_->failure();
  sqlite3_reset(prepared_);
  return problem;
}

result<void> statement::run() {
  for (;;) {
    auto more = step();
    if (!more) return std::move(more).error();
    if (*more) continue;
    sqlite3_reset(prepared_);
    return {};
  }
}

std::string_view statement::sql() const { return sqlite3_sql(prepared_); }

bool statement::is_null(int column) const {
  return sqlite3_column_type(prepared_, column) == SQLITE_NULL;
}

bool statement::is_real(int column) const {
  return sqlite3_column_type(prepared_, column) == SQLITE_FLOAT;
}

bool statement::is_integer(int column) const {
  return sqlite3_column_type(prepared_, column) == SQLITE_INTEGER;
}

std::int64_t statement::integer(int column) const {
  return sqlite3_column_int64(prepared_, column);
}

double statement::real(int column) const { return sqlite3_column_double(prepared_, column); }

std::string_view statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(prepared_, column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(prepared_, column))};
}

result<std::unique_ptr<database>> database::open(const std::filesystem::path& file, mode how,
                                                 std::chrono::milliseconds patience) {
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  switch (how) {
    case mode::read_only:
      flags |= SQLITE_OPEN_READONLY;
      break;
    case mode::read_write:
      flags |= SQLITE_OPEN_READWRITE;
      break;
    case mode::create:
      flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
      break;
  }
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &handle, flags, vfs_of_gathered_writes());
  if (handle == nullptr) return error{errc::unavailable, file.string() + ": out of memory"};
  std::unique_ptr<database> opened(new database(handle, file.string()));
  if (code != SQLITE_OK) return opened->failure();
  sqlite3_busy_timeout(handle, static_cast<int>(patience.count()));
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  return opened;
}

database::~database() {
  for (auto& [sql, entry] : cache_) sqlite3_finalize(entry.prepared);
  sqlite3_close_v2(handle_);
}

result<bool> database::identify(const file_identity& identity, bool adopt) {
  const auto application = number("PRAGMA application_id");
  if (!application) return application.error();
  const auto version = number("PRAGMA user_version");
  if (!version) return version.error();
  if (*application == identity.application) {
    if (*version <= identity.version) return false;
    return error{errc::unsupported, name_ + " is a " + identity.kind + " of format " +
                                        std::to_string(*version) + ", this program reads up to " +
                                        std::to_string(identity.version) +
                                        "; run the newer program"};
  }
  const auto objects = number("SELECT count(*) FROM sqlite_schema");
  if (!objects) return objects.error();
  const bool nobodys = *application == 0 && *version == 0;
  if (nobodys && (*objects == 0 || adopt)) return true;
  return error{errc::invalid,
               name_ + " is not a " + identity.kind + "; move it away or choose another directory"};
}

result<void> database::sign(const file_identity& identity) {
  return execute("PRAGMA application_id = " + std::to_string(identity.application) +
                 "; PRAGMA user_version = " + std::to_string(identity.version));
}

void database::make_room() {
  if (cache_.size() < cached_statements) return;
  for (auto entry = cache_.begin(); entry != cache_.end();) {
    if (entry->second.on_loan) {
      ++entry;
      continue;
    }
    sqlite3_finalize(entry->second.prepared);
    entry = cache_.erase(entry);
  }
}

result<statement> database::prepare(std::string_view sql) {
  auto entry = cache_.find(sql);
  const bool known = entry != cache_.end();
  if (known && !entry->second.on_loan) {
    entry->second.on_loan = true;
    return statement(*this, entry->second.prepared, &entry->second.on_loan);
  }
  sqlite3_stmt* prepared = nullptr;
  const unsigned lifetime = known ? 0U : SQLITE_PREPARE_PERSISTENT;
  const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), lifetime,
                                      &prepared, nullptr);
  if (code != SQLITE_OK) return failure();
  if (known) return statement(*this, prepared, nullptr);
  make_room();
  entry = cache_.emplace(sql, cached{prepared, true}).first;
  return statement(*this, prepared, &entry->second.on_loan);
}

result<std::optional<statement>> database::prepare_next(std::string_view& script) {
  while (!script.empty()) {
    sqlite3_stmt* prepared = nullptr;
    const char* rest = nullptr;
    const int code = sqlite3_prepare_v2(handle_, script.data(), static_cast<int>(script.size()),
                                        &prepared, &rest);
    if (code != SQLITE_OK) return failure();
    script.remove_prefix(static_cast<std::size_t>(rest - script.data()));
    // Comments and white space compile to nothing.
    if (prepared != nullptr) return std::optional(statement(*this, prepared, nullptr));
  }
  return std::optional<statement>();
}

result<void> database::execute(const std::string& script) {
  if (sqlite3_exec(handle_, script.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return failure();
  }
  return {};
}

result<std::int64_t> database::number(std::string_view sql) {
  auto query = prepare(sql);
  if (!query) return std::move(query).error();
  auto row = query->step();
  if (!row) return std::move(row).error();
  return *row ? query->integer(0) : 0;
}

result<void> database::begin() {
  auto statement = prepare("BEGIN IMMEDIATE");
  if (!statement) return std::move(statement).error();
  return statement->run();
}

result<void> database::commit() {
  auto statement = prepare("COMMIT");
  if (!statement) return std::move(statement).error();
  return statement->run();
}

void database::rollback() noexcept {
  if (in_transaction()) sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
}

bool database::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

std::int64_t database::changes() const { return sqlite3_changes64(handle_); }

int database::failure_code() const { return sqlite3_errcode(handle_) & 0xff; }

error database::failure() {
  return failure_of(sqlite3_extended_errcode(handle_), sqlite3_errmsg(handle_));
}

error database::failure_of(int code, const char* message) {
  const errc seen = code_of(code);
  if (seen == errc::unavailable || seen == errc::corrupt) healthy_ = false;
  return {seen, name_ + ": " + message};
}

result<database::checkpoint_progress> database::checkpoint(bool restart) {
  checkpoint_progress progress;
  const int how = restart ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE;
  const int code =
      sqlite3_wal_checkpoint_v2(handle_, "main", how, &progress.frames, &progress.copied);
  progress.busy = code == SQLITE_BUSY || (code & 0xff) == SQLITE_BUSY;
  if (code != SQLITE_OK && !progress.busy) return failure();
  // SQLite flushes the file when the last frame has been copied, which under load is the restart,
  // with the writer waiting; so it does not get to flush much then.
  if (!restart && std::exchange(copied_, progress.copied) != progress.copied) {
    const int flushed = flush(SQLITE_FCNTL_FILE_POINTER);
    if (flushed != SQLITE_OK) return failure_of(flushed, sqlite3_errstr(flushed));
  }
  return progress;
}

int database::flush(int which) {
  sqlite3_file* file = nullptr;
  const int code = sqlite3_file_control(handle_, "main", which, static_cast<void*>(&file));
  if (code != SQLITE_OK || file == nullptr || file->pMethods == nullptr) return code;
  return file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
}

void database::pace_write_ahead_log(int flush_frames, int checkpoint_frames) {
  pace_ = {flush_frames, checkpoint_frames};
  sqlite3_wal_hook(handle_, on_commit, this);
}

int database::on_commit(void* self, sqlite3* connection, const char* name, int frames) {
  auto& own = *static_cast<database*>(self);
  auto& pace = own.pace_;
  if (frames < pace.committed) pace.committed = pace.flushed = 0;
  const int grown = frames - std::exchange(pace.committed, frames);
  if (grown <= pace.flush_frames && frames - pace.flushed >= pace.flush_frames) {
    pace.flushed = frames;
    // A flush that fails is told once, so the commit must fail with it.
    if (const int code = own.flush(SQLITE_FCNTL_JOURNAL_POINTER); code != SQLITE_OK) return code;
  }
  if (frames >= pace.checkpoint_frames) {
    // Readers may be in the way; the next commit brings the next attempt.
    sqlite3_wal_checkpoint_v2(connection, name, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  }
  return SQLITE_OK;
}

}  // namespace troupe::sqlite
