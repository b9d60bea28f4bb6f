#pragma once

#include <filesystem>

#include "runtime/core/verification.hpp"

namespace troupe::sqlite {

/// Takes a data directory's lock and lets SQLite verify every file in it; then the log's two tables
/// against each other. `invalid` when there is no log in the directory, `unavailable` when a node
/// uses it.
result<data_under_check> open_for_check(const std::filesystem::path& directory,
                                        const finding_sink& report);

}  // namespace troupe::sqlite
