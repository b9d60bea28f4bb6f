#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/core/migration.hpp"

namespace troupe {

/// What `schema_migrations(version, dirty)` says, as the golang-migrate CLI keeps it.
struct schema_state {
  std::optional<std::uint64_t> version;  ///< Nothing: no migration is applied.
  bool dirty = false;                    ///< The migration to this version failed.

  friend bool operator==(const schema_state&, const schema_state&) = default;
};

/// A database whose schema migrations move. Used by one thread.
class migration_target {
 public:
  virtual ~migration_target() = default;
  /// Keeps other migrators out until `unlock` or the end of this object. `unavailable` when that
  /// takes longer than `patience`.
  virtual result<void> lock(std::chrono::milliseconds patience) = 0;
  virtual void unlock() = 0;
  /// Changes nothing, not even where there is no such table yet.
  virtual result<schema_state> read() = 0;
  virtual result<void> write(const schema_state& state) = 0;
  /// Runs the statements of one migration, all of them or none where the database can do that.
  virtual result<void> run(const std::string& script) = 0;
};

/// Moves a database along its migrations, the way the golang-migrate CLI does: before a step the
/// version that it leads to is written down as dirty, after it as clean. So a step that fails
/// leaves the database dirty, and nothing is done to a dirty database until somebody has looked at
/// it and forced a version.
class migrator {
 public:
  /// One step that is done.
  struct done_step {
    const migration& step;
    bool up = true;
    std::chrono::steady_clock::duration took{};
  };
  using listener = std::function<void(const done_step&)>;

  /// `migrations` by rising version, as `parse_migrations` gives them. Both must outlive this.
  migrator(migration_target& target, std::span<const migration> migrations,
           std::chrono::milliseconds lock_patience, listener on_step = {})
      : target_(target),
        migrations_(migrations),
        patience_(lock_patience),
        on_step_(std::move(on_step)) {}

  /// Each answers how many steps were made. Errors: `invalid` for a dirty database, a version that
  /// no migration has, a step that failed, or (with a limit) fewer migrations than asked for.
  result<std::size_t> up(std::optional<std::size_t> limit = {});
  result<std::size_t> down(std::optional<std::size_t> limit = {});
  result<std::size_t> go_to(std::uint64_t version);

  /// Declares the database clean at a version (nothing: before the first) without running anything.
  result<void> force(std::optional<std::uint64_t> version);

 private:
  struct planned_step {
    const migration* what;
    bool up;
  };
  using plan = std::vector<planned_step>;

  /// Index of the first migration that is not applied. `invalid` for a dirty database.
  result<std::size_t> applied();
  result<std::size_t> index_of(std::uint64_t version) const;
  [[nodiscard]] plan between(std::size_t from, std::size_t to) const;
  template <class Work>
  auto locked(Work&& work) -> decltype(work());
  result<std::size_t> limited(std::optional<std::size_t> limit, bool up);
  result<std::size_t> run(const plan& steps);
  result<void> run(const planned_step& one);

  migration_target& target_;
  std::span<const migration> migrations_;
  std::chrono::milliseconds patience_;
  listener on_step_;
};

/// What a node does with a database at its start: brings it up to the last migration, or only
/// checks that it is there. Errors: `invalid` when it is behind (in mode `check`), dirty, or a
/// migration fails; `unsupported` when it is ahead of this program. `mend` is what to do about a
/// database that is behind, as the end of a sentence.
result<void> bring_up(migration_target& target, std::span<const migration> migrations,
                      migration_mode mode, const std::string& mend);

}  // namespace troupe
