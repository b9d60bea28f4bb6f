#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "bridges/sqlite/database.hpp"
#include "runtime/core/migration.hpp"

namespace troupe::sqlite {

/// The table `schema_migrations(version, dirty)` as the golang-migrate CLI keeps it, and the steps
/// it counts. Each step is one transaction together with its number, so this program never leaves a
/// database dirty; the CLI may. `BEGIN` and `COMMIT` in a migration are therefore skipped.
class schema_history {
 public:
  explicit schema_history(database& target) : database_(target) {}

  struct state {
    std::optional<std::uint64_t> version;  ///< Nothing: no migration is applied.
    bool dirty = false;
  };
  result<state> read();

  result<void> up(const migration& step);
  /// Undoes a step; `before` is the version that is left. `invalid` if there is no way back.
  result<void> down(const migration& step, std::optional<std::uint64_t> before);
  /// Sets the version without running anything, and declares the database clean, or dirty.
  result<void> force(std::optional<std::uint64_t> version, bool dirty = false);
  /// Runs a script in one transaction, without counting it.
  result<void> run_alone(std::string_view script);

  /// Brings the database up to the last migration, or only checks that it is there. Errors:
  /// `invalid` when it is behind (in mode `check`), dirty, or a migration fails; `unsupported` when
  /// it is ahead of this program.
  result<void> bring_up(std::span<const migration> migrations, migration_mode mode);

 private:
  result<void> run(std::string_view script);
  result<void> write(std::optional<std::uint64_t> version, bool dirty = false);
  template <class Work>
  result<void> in_transaction(Work&& work);

  database& database_;
};

}  // namespace troupe::sqlite
