#include "bridges/sqlite/sqlite_event_log.hpp"

#include <atomic>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "bridges/sqlite/database.hpp"
#include "bridges/sqlite/log_format.hpp"
#include "bridges/sqlite/log_writer.hpp"
#include "bridges/sqlite/reader_pool.hpp"
#include "bridges/sqlite/snapshot_store.hpp"

namespace troupe::sqlite {
namespace {

constexpr auto outcomes_kept_for = std::chrono::hours(24);

/// A restart of the write-ahead log makes the writer wait, so it is done when little is left to
/// copy.
constexpr int frames_copied_in_a_pause = 256;
constexpr int passes_before_a_pause = 4;
/// For readers in the way of a restart; the writer waits for as long.
constexpr auto restart_patience = std::chrono::milliseconds(50);

/// Columns 0 to 5 after the place or position that each query has in a column of its own.
recorded_commit read_commit(const statement& row, stream_id stream, position_t position) {
  recorded_commit read;
  read.position = position;
  read.data.stream = std::move(stream);
  read.data.first_version = row.unsigned_integer(1);
  read.data.event_count = static_cast<std::uint32_t>(row.integer(2));
  read.data.command_id = row.string(3);
  read.data.digest = row.unsigned_integer(4);
  read.data.time = time_of(row.integer(5));
  read.data.body = row.string(6);
  return read;
}

class sqlite_event_log final : public event_log {
 public:
  static result<std::unique_ptr<event_log>> open(std::shared_ptr<data_directory> directory,
                                                 const log_options& options) {
    const auto file = directory->path() / "log.db";
    auto writer = log_writer::open(file, options);
    if (!writer) return std::move(writer).error();
    auto checkpointer = database::open(file, database::mode::read_write, restart_patience);
    if (!checkpointer) return std::move(checkpointer).error();
    // Never write without being asked to: only `maintain` copies the write-ahead log.
    if (auto set =
            (*checkpointer)->execute("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0");
        !set) {
      return set.error();
    }
    const auto page = (*checkpointer)->number("PRAGMA page_size");
    if (!page) return page.error();
    auto snapshots = snapshot_store::open(directory->path() / "snapshots.db");
    if (!snapshots) return std::move(snapshots).error();
    const auto bound = static_cast<int>(options.wal_bytes / static_cast<std::size_t>(*page));
    return std::unique_ptr<event_log>(new sqlite_event_log(std::move(directory), std::move(*writer),
                                                           std::move(*checkpointer),
                                                           std::move(*snapshots), file, bound));
  }

  std::vector<append_result> append(std::span<const append_request> requests,
                                    std::span<const kept_outcome> outcomes) override {
    return writer_->append(requests, outcomes);
  }

  result<std::vector<recorded_commit>> read_stream(const stream_id& stream, version_t from,
                                                   std::size_t limit) override {
    return read([&](database& reader) -> result<std::vector<recorded_commit>> {
      // The first commit to return is the one that holds `from`; it may begin below.
      auto query = reader.prepare(
          "WITH wanted (category) AS (SELECT number FROM categories WHERE name = ?1) "
          "SELECT s.position, s.first_version, s.events, c.command_id, c.digest, c.time, c.body, "
          "c.place IS NULL FROM wanted CROSS JOIN streams s USING (category) "
          "LEFT JOIN commits c ON c.place = (s.category << 48 | s.position) "
          "WHERE s.id = ?2 AND s.first_version >= "
          "coalesce((SELECT max(first_version) FROM streams JOIN wanted USING (category) "
          "WHERE id = ?2 AND first_version <= ?3), 0) "
          "AND s.first_version + s.events > ?3 ORDER BY s.first_version LIMIT ?4");
      if (!query) return std::move(query).error();
      query->bind(0, stream.category).bind(1, stream.id).bind(2, clamped(from));
      query->bind(3, clamped(limit));
      std::vector<recorded_commit> found;
      for (;;) {
        auto row = query->step();
        if (!row) return std::move(row).error();
        if (!*row) return found;
        const auto version = query->unsigned_integer(1);
        const bool gap = !found.empty() && version != found.back().data.last_version() + 1;
        if (gap || query->integer(7) != 0) {
          return error{errc::corrupt, "the log has lost events of " + stream.name() +
                                          " before version " + std::to_string(version + 1)};
        }
        found.push_back(read_commit(*query, stream, query->unsigned_integer(0)));
      }
    });
  }

  result<std::vector<recorded_commit>> read_category(const std::string& category, position_t from,
                                                     std::size_t limit) override {
    return read([&](database& reader) -> result<std::vector<recorded_commit>> {
      std::vector<recorded_commit> found;
      const auto number = category_number(reader, category);
      if (!number) return number.error();
      if (!*number || from > max_position) return found;
      auto query = reader.prepare(
          "SELECT place, first_version, events, command_id, digest, time, body, id "
          "FROM commits WHERE place BETWEEN ?1 AND ?2 ORDER BY place LIMIT ?3");
      if (!query) return std::move(query).error();
      query->bind(0, place_of(**number, from)).bind(1, place_of(**number, max_position));
      query->bind(2, clamped(limit));
      for (;;) {
        auto row = query->step();
        if (!row) return std::move(row).error();
        if (!*row) return found;
        found.push_back(
            read_commit(*query, {category, query->string(7)}, position_of(query->integer(0))));
      }
    });
  }

  result<position_t> head(const std::string& category) override {
    return read([&](database& reader) -> result<position_t> {
      const auto number = category_number(reader, category);
      if (!number) return number.error();
      if (!*number) return position_t{0};
      auto query = reader.prepare("SELECT max(place) FROM commits WHERE place BETWEEN ?1 AND ?2");
      if (!query) return std::move(query).error();
      query->bind(0, place_of(**number, 0)).bind(1, place_of(**number, max_position));
      auto row = query->step();
      if (!row) return std::move(row).error();
      return query->is_null(0) ? position_t{0} : position_of(query->integer(0));
    });
  }

  result<std::optional<recorded_commit>> find_command(const std::string& command_id) override {
    return read([&](database& reader) -> result<std::optional<recorded_commit>> {
      auto query = reader.prepare(
          "SELECT place, first_version, events, command_id, digest, time, body, id, name "
          "FROM commits JOIN categories ON number = place >> 48 WHERE command_id = ?1");
      if (!query) return std::move(query).error();
      auto row = query->bind(0, command_id).step();
      if (!row) return std::move(row).error();
      if (!*row) return std::optional<recorded_commit>();
      return std::optional(read_commit(*query, {query->string(8), query->string(7)},
                                       position_of(query->integer(0))));
    });
  }

  result<std::optional<kept_outcome>> find_outcome(const std::string& command_id) override {
    return read([&](database& reader) -> result<std::optional<kept_outcome>> {
      auto query =
          reader.prepare("SELECT digest, time, outcome FROM outcomes WHERE command_id = ?1");
      if (!query) return std::move(query).error();
      auto row = query->bind(0, command_id).step();
      if (!row) return std::move(row).error();
      if (!*row) return std::optional<kept_outcome>();
      const auto corrupt = [&](const std::string& why) {
        return error{errc::corrupt, "the kept outcome of command " + command_id + ": " + why};
      };
      const auto parsed = json::parse(query->text(2), nullptr, false);
      if (parsed.is_discarded()) return corrupt("not valid JSON");
      auto outcome = outcome_from_json(parsed);
      if (!outcome) return corrupt(outcome.error().message);
      return std::optional(kept_outcome{command_id, query->unsigned_integer(0), std::move(*outcome),
                                        time_of(query->integer(1))});
    });
  }

  result<std::optional<snapshot>> load_snapshot(const stream_id& stream) override {
    auto saved = snapshots_->load(stream);
    if (!saved || !*saved) return saved;
    // The files can part ways, by a restored backup for example: a state that the log does not bear
    // out is none.
    auto known = read([&](database& reader) -> result<bool> {
      const auto number = category_number(reader, stream.category);
      if (!number) return number.error();
      if (!*number) return false;
      auto query = reader.prepare(
          "SELECT 1 FROM commits WHERE place = ?1 AND id = ?2 "
          "AND ?3 BETWEEN first_version AND first_version + events - 1");
      if (!query) return std::move(query).error();
      const auto& [where, version, position, schema, state] = **saved;
      query->bind(0, place_of(**number, position)).bind(1, where.id).bind(2, clamped(version));
      return query->step();
    });
    if (!known) return std::move(known).error();
    if (!*known) return std::optional<snapshot>();
    return saved;
  }

  result<void> save_snapshot(const snapshot& saved) override { return snapshots_->save(saved); }

  result<void> maintain(timestamp now) override {
    if (auto settled = writer_->settled(); !settled) return settled;
    if (auto writable = writer_->writable(); !writable) return writable;
    if (auto expired = writer_->expire_outcomes(now - outcomes_kept_for); !expired) return expired;
    return copy_write_ahead_log();
  }

 private:
  sqlite_event_log(std::shared_ptr<data_directory> directory, std::unique_ptr<log_writer> writer,
                   std::unique_ptr<database> checkpointer,
                   std::unique_ptr<snapshot_store> snapshots, std::filesystem::path file,
                   int wal_frames)
      : directory_(std::move(directory)),
        checkpointer_(std::move(checkpointer)),
        readers_(std::move(file)),
        snapshots_(std::move(snapshots)),
        wal_frames_(wal_frames),
        writer_(std::move(writer)) {}

  /// While a commit is in doubt the log cannot be read: see log_writer.
  template <class Read>
  auto read(Read&& what) -> decltype(what(std::declval<database&>())) {
    if (auto settled = writer_->settled(); !settled) return settled.error();
    return read_from(readers_, std::forward<Read>(what));
  }

  static result<std::optional<std::int64_t>> category_number(database& reader,
                                                             const std::string& category) {
    auto query = reader.prepare("SELECT number FROM categories WHERE name = ?1");
    if (!query) return std::move(query).error();
    auto row = query->bind(0, category).step();
    if (!row) return std::move(row).error();
    return *row ? std::optional(query->integer(0)) : std::nullopt;
  }

  result<void> copy_write_ahead_log() {
    database::checkpoint_progress progress;
    for (int pass = 0; pass < passes_before_a_pause; ++pass) {
      auto copied = checkpointer_->checkpoint(false);
      if (!copied) return std::move(copied).error();
      progress = *copied;
      if (progress.frames < wal_frames_) return {};
      if (progress.frames - progress.copied < frames_copied_in_a_pause) break;
    }
    // Readers may be in the way; then the next call brings the next attempt.
    auto restarted = writer_->pause([&] { return checkpointer_->checkpoint(true); });
    if (!restarted) return std::move(restarted).error();
    return {};
  }

  const std::shared_ptr<data_directory> directory_;
  const std::unique_ptr<database>
      checkpointer_;  ///< Ends last: it copies the rest and removes the log.
  reader_pool readers_;
  const std::unique_ptr<snapshot_store> snapshots_;
  const int wal_frames_;
  const std::unique_ptr<log_writer> writer_;  ///< Ends first: see `fence`.
};

}  // namespace

result<std::unique_ptr<event_log>> open_event_log(std::shared_ptr<data_directory> directory,
                                                  const log_options& options) {
  return sqlite_event_log::open(std::move(directory), options);
}

result<std::unique_ptr<event_log>> open_event_log(const std::filesystem::path& directory,
                                                  const log_options& options) {
  auto locked = data_directory::open(directory);
  if (!locked) return std::move(locked).error();
  return open_event_log(std::move(*locked), options);
}

}  // namespace troupe::sqlite
