#include "bridges/postgres/view_select.hpp"

#include <string>
#include <utility>

#include "bridges/postgres/parameters.hpp"
#include "runtime/core/page_plan.hpp"

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
  const auto foreign = foreign_cursor();
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
  auto planned = plan_page(table, layout, query);
  if (!planned) return std::move(planned).error();
  const auto& plan = *planned;
  const auto& key = *plan.key;
  const auto& order = *plan.order;
  condition rows;
  for (const auto& [column, wanted] : plan.equals) {
    if (auto added = filter(rows, *column, wanted); !added) return added.error();
  }
  if (plan.after) {
    if (auto added = start_after(rows, order, key, query.descending, *plan.after); !added) {
      return added.error();
    }
  }
  const std::string direction = query.descending ? " DESC" : "";
  // Said only where it matters: an index could not be used otherwise.
  const auto* nulls = order.required ? "" : query.descending ? " NULLS LAST" : " NULLS FIRST";
  const auto by_key = plan.ordered_by_key() ? "" : ", " + key.ordered + direction;
  const auto selected =
      rows.values().run(reader, "SELECT " + layout.selected + " FROM " + layout.quoted + " WHERE " +
                                    rows.sql() + " ORDER BY " + order.ordered + direction + nulls +
                                    by_key + " LIMIT " + std::to_string(query.limit + 1));

  std::vector<json> found;
  for (const auto& one : selected) {
    if (found.size() == query.limit) return page_of(table, query, plan, std::move(found), true);
    auto row = layout.read_row(one);
    if (!row) return std::move(row).error();
    found.push_back(std::move(*row));
  }
  return page_of(table, query, plan, std::move(found), false);
}

}  // namespace troupe::postgres
