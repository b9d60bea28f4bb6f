#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "runtime/core/clock.hpp"
#include "runtime/core/migration.hpp"

namespace troupe {

/// The migrations of a directory. Files that do not end in .sql or do not begin with a digit are
/// left alone. Errors: `not_found` for no such directory or no migration in it, and those of
/// `parse_migrations`.
result<std::vector<migration>> read_migrations(const std::filesystem::path& directory);

/// How the files of a new migration are numbered.
struct migration_numbering {
  bool sequential = false;  ///< Otherwise by the time, to the second.
  int digits = 6;
};

/// Makes the two empty files of a new migration, and the directory if need be; returns their paths.
/// `invalid` for a name that is no file name or a number that is taken.
result<std::vector<std::filesystem::path>> create_migration(const std::filesystem::path& directory,
                                                            const std::string& name,
                                                            const std::string& extension,
                                                            const migration_numbering& numbering,
                                                            timestamp now);

}  // namespace troupe
