#include "bridges/sqlite/row_batch.hpp"

#include <algorithm>
#include <vector>

#include "runtime/core/view_cursor.hpp"

namespace troupe::sqlite {
namespace {

/// Finds the columns of rows' members. Rows of one view have the same members in the same order,
/// nearly always, so the column of the last row's member at that place is tried first.
class column_finder {
 public:
  explicit column_finder(const table_layout& layout) : layout_(layout) {}

  result<const table_column*> at(std::size_t place, const std::string& name) {
    if (place == last_.size()) last_.push_back(nullptr);
    auto& guess = last_[place];
    if (guess == nullptr || guess->name != name) {
      auto found = layout_.find(name);
      if (!found) return found;
      guess = *found;
    }
    return guess;
  }

  [[nodiscard]] std::size_t index_of(const table_column* column) const {
    return static_cast<std::size_t>(column - layout_.columns.data());
  }

 private:
  const table_layout& layout_;
  std::vector<const table_column*> last_;
};

/// The columns that the rows have, in the table's order.
result<std::vector<const table_column*>> columns_of(const view_table& table,
                                                    const table_layout& layout,
                                                    std::span<const json> rows) {
  std::vector<bool> used(layout.columns.size());
  column_finder finder(layout);
  for (const auto& row : rows) {
    if (auto checked = check_row(table, row); !checked) return checked.error();
    std::size_t place = 0;
    for (const auto& [name, value] : row.get_ref<const json::object_t&>()) {
      const auto column = finder.at(place++, name);
      if (!column) return column.error();
      if (!(*column)->accepts(value) || (*column)->generated) {
        return error{errc::invalid, "column '" + name + "' of view '" + table.name +
                                        "' cannot hold a " + value.type_name() +
                                        "; mend the row or the migration"};
      }
      used[finder.index_of(*column)] = true;
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

/// Binds the values of one row after the other to a statement with a parameter for each column.
class row_binder {
 public:
  row_binder(statement& insert, const table_layout& layout,
             const std::vector<const table_column*>& columns)
      : insert_(insert),
        finder_(layout),
        columns_(columns.size()),
        parameters_(layout.columns.size()),
        texts_(columns.size()) {
    for (std::size_t i = 0; i < columns.size(); ++i) parameters_[finder_.index_of(columns[i])] = i;
  }

  /// The row, whose members all have columns, must live until the statement has run.
  void bind(const json& row) {
    const auto& members = row.get_ref<const json::object_t&>();
    if (members.size() < columns_) {
      for (std::size_t i = 0; i < columns_; ++i) insert_.bind_null(static_cast<int>(i));
    }
    std::size_t place = 0;
    for (const auto& [name, value] : members) {
      const auto& column = **finder_.at(place++, name);
      const auto at = parameters_[finder_.index_of(&column)];
      const auto parameter = static_cast<int>(at);
      if (column.kind == column_kind::json && !value.is_null()) {
        texts_[at] = value.dump();
        insert_.bind(parameter, texts_[at]);
      } else {
        bind_value(insert_, parameter, value);
      }
    }
  }

 private:
  statement& insert_;
  column_finder finder_;
  const std::size_t columns_;
  std::vector<std::size_t> parameters_;  ///< Of each column of the table.
  std::vector<std::string> texts_;       ///< Of JSON columns, while they are bound.
};

}  // namespace

result<void> upsert_rows(database& target, const view_table& table, const table_layout& layout,
                         std::span<const json> rows) {
  auto columns = columns_of(table, layout, rows);
  if (!columns) return std::move(columns).error();
  if (rows.empty()) return {};
  auto insert = target.prepare(statement_for(layout, *columns));
  if (!insert) return std::move(insert).error();
  row_binder binder(*insert, layout, *columns);
  for (const auto& row : rows) {
    binder.bind(row);
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
