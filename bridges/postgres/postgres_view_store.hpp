#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "runtime/core/migrator.hpp"
#include "runtime/core/view_store.hpp"

namespace troupe::postgres {

/// Where a feature's database is.
struct database_place {
  std::string url;
  /// Whether other features and roles may be in the same database, as when one URL is given for
  /// all.
  bool shared = false;
};

/// The place of a feature's database; nothing if none is configured.
using database_finder =
    std::function<std::optional<database_place>(const std::string& feature, database_role role)>;

/// Databases on PostgreSQL servers. Opening one makes the store's own tables where they are
/// missing.
///
/// Each database counts its migrations in `schema_migrations`, or the table that its URL names with
/// `x-migrations-table`. In a shared one that table belongs to the views of the first feature that
/// is opened; the others count in `schema_migrations_<feature>` and, for their private data,
/// `schema_migrations_<feature>_microservice`.
///
/// Errors of `open`: `invalid` for a place that is missing or no PostgreSQL URL, `unavailable` for
/// a server that cannot be reached.
std::unique_ptr<view_provider> open_views(database_finder find);

/// One database, for one feature and role.
result<std::unique_ptr<view_store>> open_view_store(const std::string& url,
                                                    const std::string& feature = "feature",
                                                    database_role role = database_role::views);

/// The database's schema, for `troupe migrate`.
result<std::unique_ptr<migration_target>> open_migration_target(const std::string& url);

}  // namespace troupe::postgres
