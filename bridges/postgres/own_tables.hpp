#pragma once

#include <string>

#include <pqxx/pqxx>

#include "runtime/core/view_store.hpp"

namespace troupe::postgres {

/// Whose checkpoints and parked events: several features may share a database. "identity/views".
std::string owner_of(const std::string& feature, database_role role);

/// Makes the tables beside those of the features' migrations, where they are missing:
/// `troupe_checkpoints`, `troupe_dead_letters` and the last number of a parked event.
result<void> make_own_tables(pqxx::connection& connection);

}  // namespace troupe::postgres
