#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "runtime/core/result.hpp"

namespace troupe {

/// One step of a database's schema, forward and back.
struct migration {
  std::uint64_t version = 0;  ///< From the file name: 1 for "000001_users.up.sql".
  std::string name;           ///< "users".
  std::string up;             ///< SQL; may hold several statements.
  std::string down;           ///< SQL; "" when there is no way back.
};

/// Pairs up files named `000001_name.up.sql` and `000001_name.down.sql` (names and texts, in any
/// order) into migrations in rising order. Errors (`invalid`): a name that does not fit, two names
/// for one version, an up file missing.
result<std::vector<migration>> parse_migrations(
    const std::vector<std::pair<std::string, std::string>>& files);

/// What to do at start when the database's schema is behind.
enum class migration_mode {
  apply,  ///< Bring it up to date.
  check,  ///< Refuse to start.
};

}  // namespace troupe
