#include "bridges/postgres/row_batch.hpp"

// Not by itself: libpqxx's single headers need each other.
#include <pqxx/pqxx>

#include <pqxx/tablewriter>

#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "runtime/core/view_cursor.hpp"

namespace troupe::postgres {
namespace {

error unfit(const view_table& table, const std::string& column, const json& value) {
  const auto what = value.is_string() ? "'" + value.get<std::string>().substr(0, 100) + "'"
                                      : std::string("a ") + value.type_name();
  return {errc::invalid, "column '" + column + "' of view '" + table.name + "' cannot hold " +
                             what + "; mend the row or the migration"};
}

/// Whether it can be written out: strings within a value may be anything.
bool is_text(const json& value) {
  if (value.is_string()) return is_utf8(value.get_ref<const std::string&>());
  if (value.is_primitive()) return true;
  try {
    static_cast<void>(value.dump());
    return true;
  } catch (const json::exception&) {
    return false;
  }
}

/// Checks the rows and finds which columns they have.
result<std::vector<bool>> used_columns(const view_table& table, const table_layout& layout,
                                       std::span<const json> rows) {
  std::vector<bool> used(layout.columns.size());
  for (const auto& row : rows) {
    if (auto checked = check_row(table, row); !checked) return checked.error();
    for (const auto& [name, value] : row.items()) {
      if (!is_text(value)) {
        return error{errc::invalid, "a row of view '" + table.name + "': column '" + name +
                                        "' holds bytes that are not UTF-8; mend the projector"};
      }
      const auto column = layout.find(name);
      if (!column) return column.error();
      if ((*column)->generated) return unfit(table, name, value);
      used[static_cast<std::size_t>(*column - layout.columns.data())] = true;
    }
  }
  return used;
}

/// The last row of each key: PostgreSQL changes a row once in a statement.
std::vector<const json*> last_by_key(const view_table& table, std::span<const json> rows) {
  std::unordered_map<std::string_view, std::size_t> places(rows.size());
  std::vector<const json*> kept;
  kept.reserve(rows.size());
  for (const auto& row : rows) {
    const auto& key = row.at(table.key_column).get_ref<const std::string&>();
    const auto [place, first] = places.try_emplace(key, kept.size());
    if (first) {
      kept.push_back(&row);
    } else {
      kept[place->second] = &row;
    }
  }
  return kept;
}

using texts = std::vector<std::optional<std::string>>;

result<texts> values_of(const view_table& table, const table_column& column,
                        const std::vector<const json*>& rows) {
  texts values;
  values.reserve(rows.size());
  for (const auto* row : rows) {
    const auto value = row->find(column.name);
    if (value == row->end() || value->is_null()) {
      values.emplace_back();
      continue;
    }
    auto text = column.write(*value);
    if (!text) return unfit(table, column.name, *value);
    values.push_back(std::move(text));
  }
  return values;
}

/// A value in the text form of COPY.
void add_field(std::string& line, const std::optional<std::string>& value) {
  if (!value) {
    line += "\\N";
    return;
  }
  for (const char c : *value) {
    switch (c) {
      case '\\':
        line += "\\\\";
        break;
      case '\t':
        line += "\\t";
        break;
      case '\n':
        line += "\\n";
        break;
      case '\r':
        line += "\\r";
        break;
      default:
        line += c;
    }
  }
}

std::string array_of(const texts& values) {
  array_text array;
  for (const auto& one : values) {
    if (one) {
      array.add(*one);
    } else {
      array.add_null();
    }
  }
  return std::move(array).text();
}

}  // namespace

result<row_batch> row_batch::of(const view_table& table, const table_layout& layout,
                                std::span<const json> rows) {
  const auto used = used_columns(table, layout, rows);
  if (!used) return used.error();
  const auto kept = last_by_key(table, rows);
  row_batch batch(layout);
  batch.rows_ = kept.size();
  for (std::size_t i = 0; i < layout.columns.size(); ++i) {
    if (!(*used)[i]) continue;
    auto values = values_of(table, layout.columns[i], kept);
    if (!values) return std::move(values).error();
    batch.columns_.push_back({&layout.columns[i], std::move(*values)});
  }
  return batch;
}

void row_batch::upsert(pqxx::transaction_base& work) const {
  parameters values;
  std::string names;
  std::string arrays;
  std::string changes;
  for (const auto& [column, texts] : columns_) {
    const char* comma = names.empty() ? "" : ", ";
    names += comma + column->quoted;
    arrays += comma + values.add(array_of(texts)) + "::" + column->type + "[]";
    if (column == &layout_->key_column()) continue;
    changes += (changes.empty() ? "" : ", ") + column->quoted + " = excluded." + column->quoted;
  }
  values.run(work, "INSERT INTO " + layout_->quoted + " (" + names + ") SELECT * FROM unnest(" +
                       arrays + ") ON CONFLICT (" + layout_->key_column().quoted + ") DO " +
                       (changes.empty() ? "NOTHING" : "UPDATE SET " + changes));
}

void row_batch::copy(pqxx::transaction_base& work) const {
  std::vector<std::string> names;
  for (const auto& one : columns_) names.push_back(one.column->quoted);
    // Its successor, stream_to, takes rows only whose length is known when this is compiled.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  pqxx::tablewriter writer(work, layout_->quoted, names.begin(), names.end());
#pragma GCC diagnostic pop
  std::string line;
  for (std::size_t i = 0; i < rows_; ++i) {
    line.clear();
    for (const auto& one : columns_) {
      if (&one != columns_.data()) line += '\t';
      add_field(line, one.values[i]);
    }
    writer.write_raw_line(line);
  }
  writer.complete();
}

std::optional<std::string> key_array(const table_layout& layout,
                                     std::span<const std::string> keys) {
  array_text possible;
  bool any = false;
  for (const auto& key : keys) {
    if (!is_storable(key) || !layout.key_column().write(json(key))) continue;
    possible.add(key);
    any = true;
  }
  if (!any) return std::nullopt;
  return std::move(possible).text();
}

}  // namespace troupe::postgres
