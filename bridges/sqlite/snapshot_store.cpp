#include "bridges/sqlite/snapshot_store.hpp"

#include <string>
#include <system_error>

#include "bridges/sqlite/log_format.hpp"

namespace troupe::sqlite {
namespace {

/// "TrSn"
constexpr file_identity snapshot_identity{0x5472536e, 1, "Troupe snapshot file"};

constexpr std::string_view snapshot_tables = R"sql(
CREATE TABLE snapshots (
  number INTEGER PRIMARY KEY,
  category TEXT NOT NULL,
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  position INTEGER NOT NULL,
  schema TEXT NOT NULL,
  state TEXT NOT NULL,
  UNIQUE (category, id)
) STRICT;
)sql";

}  // namespace

result<std::unique_ptr<snapshot_store>> snapshot_store::open(const std::filesystem::path& file) {
  std::unique_ptr<snapshot_store> store(new snapshot_store(file));
  auto created = store->create(file);
  if (!created && created.error().code == errc::corrupt) {
    store->writer_.reset();
    std::error_code ignored;
    for (const auto* suffix : {"", "-wal", "-shm"}) {
      std::filesystem::remove(file.string() + suffix, ignored);
    }
    created = store->create(file);
  }
  if (!created) return created.error();
  return store;
}

result<void> snapshot_store::create(const std::filesystem::path& file) {
  auto opened = database::open(file, database::mode::create);
  if (!opened) return std::move(opened).error();
  writer_ = std::move(*opened);
  const auto fresh = writer_->identify(snapshot_identity);
  if (!fresh) return fresh.error();
  // NORMAL does not wait for the disk: a power cut may lose the last snapshots, and nothing else.
  if (auto set = writer_->execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                                  "PRAGMA journal_size_limit = 16777216");
      !set || !*fresh) {
    return set;
  }
  if (auto begun = writer_->begin(); !begun) return begun;
  auto made = writer_->execute(std::string(snapshot_tables));
  if (made) made = writer_->sign(snapshot_identity);
  if (made) made = writer_->commit();
  writer_->rollback();
  return made;
}

result<std::optional<snapshot>> snapshot_store::load(const stream_id& stream) {
  return read_from(readers_, [&](database& reader) -> result<std::optional<snapshot>> {
    auto query = reader.prepare(
        "SELECT version, position, schema, state FROM snapshots WHERE category = ?1 AND id = ?2");
    if (!query) return std::move(query).error();
    auto row = query->bind(0, stream.category).bind(1, stream.id).step();
    if (!row) return std::move(row).error();
    if (!*row) return std::optional<snapshot>();
    auto state = json::parse(query->text(3), nullptr, false);
    if (state.is_discarded()) {
      return error{errc::corrupt, "the snapshot of " + stream.name() + " is not valid JSON"};
    }
    return std::optional(snapshot{stream, query->unsigned_integer(0), query->unsigned_integer(1),
                                  query->string(2), std::move(state)});
  });
}

result<void> snapshot_store::save(const snapshot& saved) {
  std::string state;
  try {
    state = saved.state.dump();
  } catch (const json::exception& problem) {
    return error{errc::invalid, "the state of " + saved.stream.name() + ": " + problem.what()};
  }
  const std::lock_guard lock(mutex_);
  auto insert = writer_->prepare(
      "INSERT INTO snapshots (category, id, version, position, schema, state) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (category, id) DO UPDATE SET "
      "version = excluded.version, position = excluded.position, schema = excluded.schema, "
      "state = excluded.state WHERE excluded.version >= version");
  if (!insert) return std::move(insert).error();
  insert->bind(0, saved.stream.category)
      .bind(1, saved.stream.id)
      .bind(2, clamped(saved.version))
      .bind(3, clamped(saved.position))
      .bind(4, saved.schema)
      .bind(5, state);
  return insert->run();
}

}  // namespace troupe::sqlite
