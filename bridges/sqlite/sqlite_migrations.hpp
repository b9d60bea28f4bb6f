#pragma once

#include <memory>
#include <string>

#include "runtime/core/migrator.hpp"

namespace troupe::sqlite {

/// The schema of the database file that a URL like sqlite://path/to/file.db names, for
/// `troupe migrate`. The file is made if it is missing, its directory is not. SQLite locks each
/// step, not the whole migration. Errors as those of `open_view_store`.
result<std::unique_ptr<migration_target>> open_migration_target(const std::string& url);

}  // namespace troupe::sqlite
