#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bridges/postgres/parameters.hpp"
#include "bridges/postgres/table_layout.hpp"

namespace troupe::postgres {

/// Many rows on their way into a view's table, column by column as PostgreSQL reads them.
///
/// The columns that any of the rows has are written; a row that lacks one of them gets NULL there.
/// Of rows with one key the last one counts.
class row_batch {
 public:
  /// `invalid`, naming the column, for a row that the table cannot hold as it is. The layout
  /// outlives the batch.
  static result<row_batch> of(const view_table& table, const table_layout& layout,
                              std::span<const json> rows);

  [[nodiscard]] std::size_t size() const { return rows_; }

  /// One statement with one parameter for each column: an array of its values. Throws what libpqxx
  /// throws.
  void upsert(pqxx::transaction_base& work) const;
  /// By COPY, in half the time, for rows none of which is there yet: otherwise it fails. The same.
  void copy(pqxx::transaction_base& work) const;

 private:
  struct column_values {
    const table_column* column = nullptr;
    std::vector<std::optional<std::string>> values;  ///< Nothing for NULL.
  };

  explicit row_batch(const table_layout& layout) : layout_(&layout) {}

  const table_layout* layout_;
  std::size_t rows_ = 0;
  std::vector<column_values> columns_;
};

/// The keys that a row can have, as an array parameter; nothing if there are none.
std::optional<std::string> key_array(const table_layout& layout, std::span<const std::string> keys);

}  // namespace troupe::postgres
