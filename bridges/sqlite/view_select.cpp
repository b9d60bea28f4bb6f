#include "bridges/sqlite/view_select.hpp"

#include <string>
#include <utility>
#include <vector>

#include "runtime/core/page_plan.hpp"

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
  auto planned = plan_page(table, layout, query);
  if (!planned) return std::move(planned).error();
  const auto& plan = *planned;
  const auto& key = *plan.key;
  const auto& order = *plan.order;
  condition rows;
  for (const auto& [column, wanted] : plan.equals) {
    auto value = column->to_sql(wanted);
    if (!value) return std::move(value).error();
    rows.require(column->quoted + " IS ?", {std::move(*value)});
  }
  if (plan.after) {
    auto value = order.to_sql(plan.after->order);
    if (!value) return std::move(value).error();
    start_after(rows, order, key, query.descending, std::move(*value), plan.after->key);
  }
  const char* direction = query.descending ? " DESC" : "";
  const auto by_key = plan.ordered_by_key() ? "" : ", " + key.quoted + direction;
  auto select =
      reader.prepare("SELECT " + layout.selected + " FROM " + layout.quoted + " WHERE " + rows.sql +
                     " ORDER BY " + order.quoted + direction + by_key + " LIMIT ?");
  if (!select) return std::move(select).error();
  int parameter = 0;
  for (const auto& value : rows.values) bind_value(*select, parameter++, value);
  select->bind(parameter, static_cast<std::int64_t>(query.limit) + 1);

  std::vector<json> found;
  for (;;) {
    auto more = select->step();
    if (!more) return std::move(more).error();
    if (!*more || found.size() == query.limit) {
      return page_of(table, query, plan, std::move(found), *more);
    }
    auto row = layout.read_row(*select);
    if (!row) return std::move(row).error();
    found.push_back(std::move(*row));
  }
}

}  // namespace troupe::sqlite
