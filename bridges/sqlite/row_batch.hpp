#pragma once

#include <span>
#include <string>

#include "bridges/sqlite/table_layout.hpp"

namespace troupe::sqlite {

/// Inserts or replaces rows by key: one prepared statement for the batch, run once for each row.
/// There is no round trip to save in an embedded database, and binding values costs a third of
/// passing them as one JSON text (docs/adr). The columns that any of the rows has are written; a
/// row that lacks one of them gets NULL there. `invalid`, naming the column, for a row that the
/// table cannot hold as it is.
result<void> upsert_rows(database& target, const view_table& table, const table_layout& layout,
                         std::span<const json> rows);

/// Keys as a JSON array, without those that no row can have.
std::string key_array(std::span<const std::string> keys);

}  // namespace troupe::sqlite
