#include "bridges/sqlite/row_batch.hpp"

#include <algorithm>
#include <vector>

#include "runtime/core/view_cursor.hpp"

namespace troupe::sqlite {
namespace {

/// The columns that the rows have, in the table's order.
result<std::vector<const table_column*>> columns_of(const view_table& table,
                                                    const table_layout& layout,
                                                    std::span<const json> rows) {
  std::vector<bool> used(layout.columns.size());
  for (const auto& row : rows) {
    if (auto checked = check_row(table, row); !checked) return checked.error();
    for (const auto& [name, value] : row.items()) {
      const auto column = layout.find(name);
      if (!column) return column.error();
      if (!(*column)->accepts(value) || (*column)->generated) {
        return error{errc::invalid, "column '" + name + "' of view '" + table.name +
                                        "' cannot hold a " + value.type_name() +
                                        "; mend the row or the migration"};
      }
      used[static_cast<std::size_t>(*column - layout.columns.data())] = true;
    }
  }
  std::vector<const table_column*> columns;
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (used[i]) columns.push_back(&layout.columns[i]);
  }
  return columns;
}

std::string statement_for(const table_layout& layout,
                          const std::vector<const table_column*>& columns) {
  std::string names;
  std::string values;
  std::string changes;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto& column = *columns[i];
    const char* comma = i == 0 ? "" : ", ";
    const auto path = "'$[" + std::to_string(i) + "]'";
    names += comma + column.quoted;
    // JSON stays JSON, text and numbers come out of it; either way null becomes NULL.
    values += comma + (column.kind == column_kind::json ? "nullif(value -> " + path + ", 'null')"
                                                        : "json_extract(value, " + path + ")");
    if (&column == &layout.key_column()) continue;
    changes += (changes.empty() ? "" : ", ") + column.quoted + " = excluded." + column.quoted;
  }
  return "INSERT INTO " + layout.quoted + " (" + names + ") SELECT " + values +
         " FROM json_each(?1) WHERE true ON CONFLICT (" + layout.key_column().quoted + ") DO " +
         (changes.empty() ? "NOTHING" : "UPDATE SET " + changes);
}

}  // namespace

result<row_batch> row_batch::of(const view_table& table, const table_layout& layout,
                                std::span<const json> rows) {
  auto columns = columns_of(table, layout, rows);
  if (!columns) return std::move(columns).error();
  row_batch batch;
  batch.statement = statement_for(layout, *columns);
  auto& text = batch.values;
  text = "[";
  try {
    for (const auto& row : rows) {
      text += text.size() == 1 ? "[" : ",[";
      for (std::size_t i = 0; i < columns->size(); ++i) {
        if (i > 0) text += ',';
        const auto value = row.find((*columns)[i]->name);
        text += value == row.end() ? "null" : value->dump();
      }
      text += ']';
    }
  } catch (const json::exception& problem) {
    return error{errc::invalid, "a row of view '" + table.name + "': " + problem.what()};
  }
  text += ']';
  return batch;
}

std::string key_array(std::span<const std::string> keys) {
  std::string text = "[";
  for (const auto& key : keys) {
    // SQLite ends a JSON string at an escaped NUL, which would make another key of it.
    if (key.find('\0') != std::string::npos) continue;
    if (text.size() > 1) text += ',';
    text += json(key).dump(-1, ' ', false, json::error_handler_t::replace);
  }
  return text + ']';
}

}  // namespace troupe::sqlite
