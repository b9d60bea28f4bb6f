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
  for (const auto* column : columns) {
    const char* comma = names.empty() ? "" : ", ";
    names += comma + column->quoted;
    values += std::string(comma) + '?';
    if (column == &layout.key_column()) continue;
    changes += (changes.empty() ? "" : ", ") + column->quoted + " = excluded." + column->quoted;
  }
  return "INSERT INTO " + layout.quoted + " (" + names + ") VALUES (" + values + ") ON CONFLICT (" +
         layout.key_column().quoted + ") DO " +
         (changes.empty() ? "NOTHING" : "UPDATE SET " + changes);
}

void bind_value(statement& insert, int parameter, const json& value) {
  switch (value.type()) {
    case json::value_t::string:
      insert.bind(parameter, value.get_ref<const std::string&>());
      break;
    case json::value_t::boolean:
      insert.bind(parameter, std::int64_t{value.get<bool>() ? 1 : 0});
      break;
    case json::value_t::number_integer:
    case json::value_t::number_unsigned:
      insert.bind(parameter, value.get<std::int64_t>());
      break;
    case json::value_t::number_float:
      insert.bind(parameter, value.get<double>());
      break;
    default:
      insert.bind_null(parameter);
      break;
  }
}

/// Binds one row; the texts of its JSON columns are kept in `texts` until the next row.
void bind_row(statement& insert, const json& row, const std::vector<const table_column*>& columns,
              std::vector<std::string>& texts) {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto parameter = static_cast<int>(i);
    const auto value = row.find(columns[i]->name);
    if (value == row.end() || value->is_null()) {
      insert.bind_null(parameter);
    } else if (columns[i]->kind == column_kind::json) {
      texts[i] = value->dump();
      insert.bind(parameter, texts[i]);
    } else {
      bind_value(insert, parameter, *value);
    }
  }
}

}  // namespace

result<void> upsert_rows(database& target, const view_table& table, const table_layout& layout,
                         std::span<const json> rows) {
  auto columns = columns_of(table, layout, rows);
  if (!columns) return std::move(columns).error();
  if (rows.empty()) return {};
  auto insert = target.prepare(statement_for(layout, *columns));
  if (!insert) return std::move(insert).error();
  std::vector<std::string> texts(columns->size());
  for (const auto& row : rows) {
    bind_row(*insert, row, *columns, texts);
    if (auto written = insert->run(); !written) return written;
  }
  return {};
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
