#pragma once

#include <span>
#include <string>

#include "bridges/sqlite/table_layout.hpp"

namespace troupe::sqlite {

/// Many rows as one statement with one parameter: a JSON array with an array of column values for
/// each row.
struct row_batch {
  std::string statement;
  std::string values;

  /// The columns that any of the rows has are written; a row that lacks one of them gets NULL
  /// there. `invalid`, naming the column, for a row that the table cannot hold as it is.
  static result<row_batch> of(const view_table& table, const table_layout& layout,
                              std::span<const json> rows);
};

/// Keys as a JSON array, without those that no row can have.
std::string key_array(std::span<const std::string> keys);

}  // namespace troupe::sqlite
