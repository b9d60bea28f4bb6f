#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "runtime/core/view_cursor.hpp"

namespace troupe {

/// A query whose columns have been looked up in a store's own description of the table.
template <class Column>
struct page_plan {
  const Column* key = nullptr;
  const Column* order = nullptr;  ///< May be the key.
  std::vector<std::pair<const Column*, json>> equals;
  std::optional<view_cursor> after;  ///< The row that the page starts after.

  [[nodiscard]] bool ordered_by_key() const { return order == key; }
};

/// What every store demands of a query before it makes its own statement of it: known columns, an
/// order by something that has one, a cursor of the same query. `invalid` otherwise. A layout has
/// `key_column()` and `find(name)`; a column has `name` and a `kind`, one of which is `json`.
template <class Layout>
auto plan_page(const view_table& table, const Layout& layout, const view_query& query) {
  using column = std::remove_cvref_t<decltype(layout.key_column())>;
  using planned = result<page_plan<column>>;
  page_plan<column> plan;
  plan.key = &layout.key_column();
  const auto order = layout.find(query.order_by.empty() ? plan.key->name : query.order_by);
  if (!order) return planned(order.error());
  plan.order = *order;
  if (plan.order->kind == decltype(plan.order->kind)::json) {
    return planned(error{errc::invalid, "view '" + table.name +
                                            "' cannot be ordered by the JSON column '" +
                                            plan.order->name + "'"});
  }
  for (const auto& [name, wanted] : query.equals) {
    const auto found = layout.find(name);
    if (!found) return planned(found.error());
    plan.equals.emplace_back(*found, wanted);
  }
  if (!query.after.empty()) {
    auto cursor = decode_cursor(table, query);
    if (!cursor) return planned(std::move(cursor).error());
    plan.after = std::move(*cursor);
  }
  return planned(std::move(plan));
}

/// The page of these rows; with `more` the cursor that the next one starts after. `corrupt` when
/// the last row's key cannot be part of one.
template <class Column>
result<view_page> page_of(const view_table& table, const view_query& query,
                          const page_plan<Column>& plan, std::vector<json> rows, bool more) {
  view_page page{std::move(rows), ""};
  if (!more) return page;
  const auto& last = page.rows.back();
  const auto& key = last.at(plan.key->name);
  if (!key.is_string()) {
    return error{errc::corrupt, "view '" + table.name + "' has a key that is not text"};
  }
  page.next = encode_cursor(table, query, {last.at(plan.order->name), key});
  return page;
}

}  // namespace troupe
