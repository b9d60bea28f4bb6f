#pragma once

#include <memory>

#include "bridges/postgres/address.hpp"
#include "runtime/core/migrator.hpp"

namespace troupe::postgres {

/// The database's `schema_migrations` (or the table that the URL names), on a connection of its
/// own. Table, lock and transactions are those of the golang-migrate CLI, so that the two keep each
/// other out. A migration runs as one simple query: in one transaction unless it brings its own
/// BEGIN.
result<std::unique_ptr<migration_target>> open_schema_history(const address& where);

}  // namespace troupe::postgres
