#pragma once

#include <string>

#include "runtime/core/json.hpp"
#include "runtime/core/result.hpp"
#include "runtime/core/view_store.hpp"

namespace troupe {

/// The last row of a page: where the next page starts after.
struct view_cursor {
  json order;       ///< The row's value in the column that the query orders by.
  std::string key;  ///< The row's key, which breaks ties.
};

/// The opaque token of `view_page::next`: URL-safe text that fits this table, these filters and
/// this order only.
std::string encode_cursor(const view_table& table, const view_query& query,
                          const view_cursor& last);

/// Reads `query.after`. `invalid` for text that `encode_cursor` did not make for a query of the
/// same shape.
result<view_cursor> decode_cursor(const view_table& table, const view_query& query);

/// Says that `query.after` is of another query.
error foreign_cursor();

/// Checks the parts of a query that need no database: the limit.
result<void> check_query(const view_query& query);

/// Checks what every store demands of a row: an object, text in its key column, no NUL character
/// (PostgreSQL cannot store one), finite numbers, whole ones within 64 bits. The error names the
/// column.
result<void> check_row(const view_table& table, const json& row);

}  // namespace troupe
