#include "bridges/sqlite/view_select.hpp"

#include <string>
#include <utility>
#include <vector>

#include "runtime/core/view_cursor.hpp"

namespace troupe::sqlite {
namespace {

/// SQL text and the values of its parameters.
struct condition {
  std::string sql = "true";
  std::vector<sql_value> values;

  /// Takes "?" for each value.
  void require(const std::string& more, std::vector<sql_value> with) {
    sql += " AND " + more;
    for (auto& value : with) values.push_back(std::move(value));
  }
};

/// Rows after the cursor. NULL is below every value, for SQLite's ORDER BY, but not for its
/// operators.
void start_after(condition& rows, const table_column& order, const table_column& key,
                 bool descending, sql_value value, sql_value last_key) {
  const std::string beyond = descending ? " < ?" : " > ?";
  if (&order == &key) return rows.require(key.quoted + beyond, {std::move(last_key)});
  if (order.required) {
    return rows.require(
        "(" + order.quoted + ", " + key.quoted + ")" + (descending ? " < (?, ?)" : " > (?, ?)"),
        {std::move(value), std::move(last_key)});
  }
  const bool null = std::holds_alternative<std::monostate>(value);
  const auto further_key = key.quoted + beyond;
  if (null) {
    return rows.require("(" + order.quoted + (descending ? " IS NULL AND " : " IS NOT NULL OR ") +
                            further_key + ")",
                        {std::move(last_key)});
  }
  rows.require("(" + order.quoted + beyond +
                   (descending ? " OR " + order.quoted + " IS NULL" : "") + " OR (" + order.quoted +
                   " = ? AND " + further_key + "))",
               {value, value, std::move(last_key)});
}

}  // namespace

result<view_page> select_page(database& reader, const view_table& table, const table_layout& layout,
                              const view_query& query) {
  const auto& key = layout.key_column();
  const auto found = layout.find(query.order_by.empty() ? key.name : query.order_by);
  if (!found) return found.error();
  const auto& order = **found;
  if (order.kind == column_kind::json) {
    return error{errc::invalid, "view '" + table.name + "' cannot be ordered by the JSON column '" +
                                    order.name + "'"};
  }

  condition rows;
  for (const auto& [name, wanted] : query.equals) {
    const auto column = layout.find(name);
    if (!column) return column.error();
    auto value = (*column)->to_sql(wanted);
    if (!value) return std::move(value).error();
    rows.require((*column)->quoted + " IS ?", {std::move(*value)});
  }
  if (!query.after.empty()) {
    auto cursor = decode_cursor(table, query);
    if (!cursor) return std::move(cursor).error();
    auto value = order.to_sql(cursor->order);
    if (!value) return std::move(value).error();
    start_after(rows, order, key, query.descending, std::move(*value), cursor->key);
  }
  const char* direction = query.descending ? " DESC" : "";
  const auto by_key = &order == &key ? "" : ", " + key.quoted + direction;
  auto select =
      reader.prepare("SELECT " + layout.selected + " FROM " + layout.quoted + " WHERE " + rows.sql +
                     " ORDER BY " + order.quoted + direction + by_key + " LIMIT ?");
  if (!select) return std::move(select).error();
  int parameter = 0;
  for (const auto& value : rows.values) bind_value(*select, parameter++, value);
  select->bind(parameter, static_cast<std::int64_t>(query.limit) + 1);

  view_page page;
  for (;;) {
    auto more = select->step();
    if (!more) return std::move(more).error();
    if (!*more) return page;
    if (page.rows.size() == query.limit) break;
    auto row = layout.read_row(*select);
    if (!row) return std::move(row).error();
    page.rows.push_back(std::move(*row));
  }
  const auto& last = page.rows.back();
  if (!last.at(key.name).is_string()) {
    return error{errc::corrupt, "view '" + table.name + "' has a key that is not text"};
  }
  page.next = encode_cursor(table, query, {last.at(order.name), last.at(key.name)});
  return page;
}

}  // namespace troupe::sqlite
