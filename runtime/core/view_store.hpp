#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "runtime/core/clock.hpp"
#include "runtime/core/ids.hpp"
#include "runtime/core/json.hpp"
#include "runtime/core/migration.hpp"

namespace troupe {

/// A table that a projector fills: one row per key. Rows are JSON objects whose members are the
/// table's columns.
struct view_table {
  std::string name;
  std::string key_column;
};

/// An event that a projector could not apply, or that waits behind one of the same key.
struct dead_letter {
  std::uint64_t id = 0;  ///< Given by the store.
  std::string projector;
  std::string key;  ///< The row's key, or the entity's id when the event cannot be decoded.
  stream_id stream;
  position_t position = 0;
  version_t version = 0;
  std::string event_id;
  std::string type;
  std::string reason;
  timestamp time{};
};

/// Which rows, in which order.
struct view_query {
  std::vector<std::pair<std::string, json>> equals;  ///< Column and wanted value; all must hold.
  std::string order_by;                              ///< A column; "" means the key.
  bool descending = false;
  std::size_t limit = 100;  ///< 1 to 1,000.
  std::string after;        ///< Opaque cursor from `view_page::next`; "" starts at the beginning.
};

struct view_page {
  std::vector<json> rows;
  std::string next;  ///< "" when there is no more.
};

/// Changes to one database that happen together with one checkpoint move, or not at all. Rolled
/// back unless committed. Used by one thread.
class view_transaction {
 public:
  virtual ~view_transaction() = default;

  /// The rows with these keys that exist, in any order; one statement.
  virtual result<std::vector<json>> fetch(const view_table& table,
                                          std::span<const std::string> keys) = 0;
  /// Inserts or replaces rows by key; one statement. Every row must have the key column.
  virtual result<void> upsert(const view_table& table, std::span<const json> rows) = 0;
  /// Removes rows by key; one statement.
  virtual result<void> remove(const view_table& table, std::span<const std::string> keys) = 0;
  /// Parks events; `dead_letter::id` is ignored.
  virtual result<void> park(std::span<const dead_letter> letters) = 0;
  /// Takes this projector's parked events with these ids from the dead letters; one statement.
  /// `conflict`, here or at `commit`, when one of them is not parked any more: from then on
  /// `commit` fails too, so that of two who take the same event only one does.
  virtual result<void> unpark(std::span<const std::uint64_t> ids) = 0;
  /// Makes everything durable and moves the checkpoint. `conflict`: somebody else moved it; nothing
  /// was changed. `in_doubt`: read the checkpoint to find out.
  virtual result<void> commit() = 0;
};

/// One database of views: the tables of one feature, the checkpoints of its projectors, their
/// parked events. Thread-safe. All calls may block. Columns are typed by the table's own
/// declaration: booleans come back as booleans, jsonb/json columns as JSON values, everything else
/// as text or numbers.
class view_store {
 public:
  virtual ~view_store() = default;

  /// Applies (or checks for) migrations. Keeps `schema_migrations(version, dirty)` as the
  /// golang-migrate CLI does.
  virtual result<void> migrate(std::span<const migration> migrations, migration_mode mode) = 0;

  /// The position up to and including which the projector has applied everything; 0 if it never
  /// ran.
  virtual result<position_t> checkpoint(const std::string& projector) = 0;

  /// Starts a transaction that moves the projector's checkpoint from `expected` to `next` when it
  /// commits.
  virtual result<std::unique_ptr<view_transaction>> begin(const std::string& projector,
                                                          position_t expected, position_t next) = 0;

  /// Forgets the projector's checkpoint, rows and parked events, in one transaction, to rebuild the
  /// view.
  virtual result<void> reset(const std::string& projector, const view_table& table) = 0;

  /// Why the projector is to stand still, also after a restart; nothing if it is to run. `reset`
  /// does not change it.
  virtual result<std::optional<std::string>> pause_reason(const std::string& projector) = 0;

  /// Makes it stand still for this reason, or run again when there is none. Only a note for whoever
  /// runs the projector: `begin` does not look at it.
  virtual result<void> set_pause(const std::string& projector,
                                 const std::optional<std::string>& reason) = 0;

  virtual result<std::optional<json>> get(const view_table& table, const std::string& key) = 0;

  /// Errors: `invalid` for an unknown column or a cursor that does not belong to this query.
  virtual result<view_page> query(const view_table& table, const view_query& query) = 0;

  /// Parked events of one projector (all when ""), by rising id > `after`, at most `limit`.
  virtual result<std::vector<dead_letter>> dead_letters(const std::string& projector,
                                                        std::uint64_t after, std::size_t limit) = 0;
};

/// Whose tables a database holds: the read models that applications query, or a microservice's
/// private data.
enum class database_role { views, microservice };

/// Opens databases; one per feature and role. Thread-safe.
class view_provider {
 public:
  virtual ~view_provider() = default;
  virtual result<std::unique_ptr<view_store>> open(const std::string& feature,
                                                   database_role role) = 0;
};

}  // namespace troupe
