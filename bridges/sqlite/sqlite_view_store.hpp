#pragma once

#include <filesystem>
#include <memory>

#include "bridges/sqlite/data_directory.hpp"
#include "runtime/core/view_store.hpp"

namespace troupe::sqlite {

/// Opens, or makes, one file of views. Transactions of one file wait for each other, so a thread
/// must not begin a second one before it has ended the first. Columns are typed by their declared
/// types, PostgreSQL's included: see README.md. Errors: `unavailable` for a file that cannot be
/// written, `invalid` for a foreign one, `unsupported` for a newer format, `corrupt` for a damaged
/// one.
result<std::unique_ptr<view_store>> open_view_store(const std::filesystem::path& file);

/// What to do about a database that is not there: make it, or answer `not_found`.
enum class missing_views { make, not_found };

/// Databases in `<directory>/views/<feature>.db` and `<directory>/microservices/<feature>.db`.
/// Opening one twice gives two handles of one database.
result<std::unique_ptr<view_provider>> open_views(std::shared_ptr<data_directory> directory,
                                                  missing_views missing = missing_views::make);

}  // namespace troupe::sqlite
