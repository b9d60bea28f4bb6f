#pragma once

#include <span>
#include <string>

#include "bridges/postgres/parameters.hpp"
#include "bridges/postgres/table_layout.hpp"

namespace troupe::postgres {

/// Many rows as one statement with one parameter for each column: an array of its values.
struct row_batch {
  std::string statement;
  parameters values;

  /// The columns that any of the rows has are written; a row that lacks one of them gets NULL
  /// there. Of rows with one key the last one counts. `invalid`, naming the column, for a row that
  /// the table cannot hold as it is.
  static result<row_batch> of(const view_table& table, const table_layout& layout,
                              std::span<const json> rows);
};

/// The keys that a row can have, as an array parameter; nothing if there are none.
std::optional<std::string> key_array(const table_layout& layout, std::span<const std::string> keys);

}  // namespace troupe::postgres
