#include "bridges/sqlite/view_database.hpp"

#include <string>

namespace troupe::sqlite {
namespace {

/// "TrVw"
constexpr file_identity view_identity{0x54725677, 1, "Troupe view database"};

/// Beside the tables of the feature's own migrations.
constexpr std::string_view view_tables = R"sql(
CREATE TABLE troupe_checkpoints (
  projector TEXT PRIMARY KEY,
  position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Numbers are never used again, so that a reader's "after" stays good.
CREATE TABLE troupe_dead_letters (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  projector TEXT NOT NULL,
  "key" TEXT NOT NULL,
  category TEXT NOT NULL,
  entity TEXT NOT NULL,
  position INTEGER NOT NULL,
  version INTEGER NOT NULL,
  event_id TEXT NOT NULL,
  type TEXT NOT NULL,
  reason TEXT NOT NULL,
  time INTEGER NOT NULL
) STRICT;
CREATE INDEX troupe_dead_letters_by_projector ON troupe_dead_letters (projector, id);
)sql";

/// Not in the very first files, and nothing that an older program would trip over.
constexpr std::string_view later_tables = R"sql(
CREATE TABLE IF NOT EXISTS troupe_pauses (
  projector TEXT PRIMARY KEY,
  reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

/// For another process, such as `troupe migrate` or the sqlite3 shell.
constexpr auto view_patience = std::chrono::seconds(10);

/// Frames are pages of 4 KiB: one and sixteen MiB.
constexpr int frames_to_a_flush = 256;
constexpr int frames_to_a_checkpoint = 4000;

}  // namespace

result<std::shared_ptr<view_database>> view_database::open(const std::filesystem::path& file) {
  std::shared_ptr<view_database> opened(new view_database(file));
  if (auto connected = opened->connect(database::mode::create); !connected) {
    return connected.error();
  }
  return opened;
}

result<void> view_database::connect(database::mode how) {
  auto opened = database::open(file_, how, view_patience);
  if (!opened) return std::move(opened).error();
  auto& fresh = **opened;
  // Rows and checkpoint are one transaction, and the log can replay what came after it: so a power
  // cut may undo the last transactions, and NORMAL does not wait for the disk at every one.
  if (auto set = fresh.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                               "PRAGMA cache_size = -16384;"
                               "PRAGMA journal_size_limit = 67108864");
      !set) {
    return set;
  }
  fresh.pace_write_ahead_log(frames_to_a_flush, frames_to_a_checkpoint);
  // A database that the golang-migrate CLI has made is a view database too.
  const auto migrated =
      fresh.number("SELECT count(*) FROM sqlite_schema WHERE name = 'schema_migrations'");
  if (!migrated) return migrated.error();
  const auto adopt = *migrated > 0;
  auto unsigned_yet = fresh.identify(view_identity, adopt);
  if (!unsigned_yet) return std::move(unsigned_yet).error();
  if (*unsigned_yet) {
    if (auto begun = fresh.begin(); !begun) return begun;
    const auto create = [&]() -> result<void> {
      unsigned_yet = fresh.identify(view_identity, adopt);
      if (!unsigned_yet) return unsigned_yet.error();
      if (!*unsigned_yet) return {};
      if (auto made = fresh.execute(std::string(view_tables)); !made) return made;
      return fresh.sign(view_identity);
    };
    auto created = create();
    if (created) created = fresh.commit();
    fresh.rollback();
    if (!created) return created;
  }
  if (auto made = fresh.execute(std::string(later_tables)); !made) return made;
  writer_ = std::move(*opened);
  return {};
}

result<view_database::writer> view_database::lend(std::shared_ptr<view_database> lender) {
  auto& self = *lender;
  {
    std::unique_lock lock(self.mutex_);
    self.returned_.wait(lock, [&] { return !self.lent_; });
    self.lent_ = true;
  }
  writer lent(std::move(lender));
  if (!self.writer_) {
    if (auto connected = self.connect(database::mode::read_write); !connected) {
      return connected.error();
    }
  }
  return lent;
}

view_database::writer::~writer() {
  if (!lender_) return;
  if (auto& lent = lender_->writer_) {
    lent->rollback();
    if (!lent->healthy()) lent.reset();
  }
  {
    const std::lock_guard lock(lender_->mutex_);
    lender_->lent_ = false;
  }
  lender_->returned_.notify_one();
}

}  // namespace troupe::sqlite
