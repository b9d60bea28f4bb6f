#include "bridges/postgres/view_select.hpp"

#include <string>
#include <utility>

#include "bridges/postgres/parameters.hpp"
#include "runtime/core/view_cursor.hpp"

namespace troupe::postgres {
namespace {

/// SQL text of a condition and the values bound to it.
class condition {
 public:
  void require(const std::string& more) { sql_ += " AND " + more; }
  /// A value bound as the column's type.
  std::string bound(const table_column& column, std::string value) {
    return values_.add(std::move(value)) + "::" + column.type;
  }

  [[nodiscard]] const std::string& sql() const { return sql_; }
  [[nodiscard]] const parameters& values() const { return values_; }

 private:
  std::string sql_ = "true";
  parameters values_;
};

/// Whole numbers of any size compare with each other; one beyond the column's own type is no error.
std::string comparable(condition& rows, const table_column& column, std::string value) {
  if (column.kind != column_kind::whole) return rows.bound(column, std::move(value));
  auto wide = column;
  wide.type = "bigint";
  return rows.bound(wide, std::move(value));
}

result<void> filter(condition& rows, const table_column& column, const json& wanted) {
  if (wanted.is_null()) {
    rows.require(column.quoted + " IS NULL");
    return {};
  }
  auto value = column.wanted(wanted);
  if (!value) return std::move(value).error();
  if (!*value) {
    rows.require("false");
    return {};
  }
  // The type json has no equality.
  const auto* cast = column.type == "json" ? "::jsonb" : "";
  rows.require(column.quoted + cast + " = " + comparable(rows, column, std::move(**value)) + cast);
  return {};
}

/// Rows after the cursor.
result<void> start_after(condition& rows, const table_column& order, const table_column& key,
                         bool descending, const view_cursor& cursor) {
  const error foreign{errc::invalid,
                      "the cursor does not belong to this query; start again without 'after'"};
  const std::string beyond = descending ? " < " : " > ";
  auto last_key = key.wanted(json(cursor.key));
  if (!last_key || !*last_key) return foreign;
  const auto bound_key = rows.bound(key, **last_key);
  const auto further_key = key.ordered + beyond + bound_key;
  if (&order == &key) {
    rows.require(further_key);
    return {};
  }
  if (cursor.order.is_null()) {
    rows.require("(" + order.quoted + (descending ? " IS NULL AND " : " IS NOT NULL OR ") +
                 further_key + ")");
    return {};
  }
  auto last = order.wanted(cursor.order);
  if (!last || !*last) return foreign;
  const auto value = comparable(rows, order, **last);
  if (order.required) {
    rows.require("(" + order.ordered + ", " + key.ordered + ")" + beyond + "(" + value + ", " +
                 bound_key + ")");
    return {};
  }
  rows.require("(" + order.ordered + beyond + value +
               (descending ? " OR " + order.quoted + " IS NULL" : "") + " OR (" + order.quoted +
               " = " + value + " AND " + further_key + "))");
  return {};
}

}  // namespace

result<view_page> select_page(pqxx::transaction_base& reader, const view_table& table,
                              const table_layout& layout, const view_query& query) {
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
    if (auto added = filter(rows, **column, wanted); !added) return added.error();
  }
  if (!query.after.empty()) {
    const auto cursor = decode_cursor(table, query);
    if (!cursor) return cursor.error();
    if (auto added = start_after(rows, order, key, query.descending, *cursor); !added) {
      return added.error();
    }
  }
  const std::string direction = query.descending ? " DESC" : "";
  // Said only where it matters: an index could not be used otherwise.
  const auto* nulls = order.required ? "" : query.descending ? " NULLS LAST" : " NULLS FIRST";
  const auto by_key = &order == &key ? "" : ", " + key.ordered + direction;
  const auto selected =
      rows.values().run(reader, "SELECT " + layout.selected + " FROM " + layout.quoted + " WHERE " +
                                    rows.sql() + " ORDER BY " + order.ordered + direction + nulls +
                                    by_key + " LIMIT " + std::to_string(query.limit + 1));

  view_page page;
  for (const auto& one : selected) {
    if (page.rows.size() == query.limit) {
      const auto& last = page.rows.back();
      page.next = encode_cursor(table, query, {last.at(order.name), last.at(key.name)});
      break;
    }
    auto row = layout.read_row(one);
    if (!row) return std::move(row).error();
    page.rows.push_back(std::move(*row));
  }
  return page;
}

}  // namespace troupe::postgres
