#include "bridges/sqlite/table_layout.hpp"

#include <algorithm>
#include <utility>

namespace troupe::sqlite {
namespace {

std::string quote(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

const char* describe(column_kind kind) {
  switch (kind) {
    case column_kind::text:
      return "text";
    case column_kind::number:
      return "a number";
    case column_kind::boolean:
      return "true or false";
    case column_kind::json:
      return "JSON";
  }
  return "";
}

result<table_layout> read_layout(database& reader, const view_table& table) {
  const error missing{errc::invalid,
                      "there is no table '" + table.name + "'; add a migration that creates it"};
  if (table.name.find('\0') != std::string::npos) return missing;
  table_layout layout;
  layout.table = table.name;
  layout.quoted = quote(table.name);
  // hidden: 0 for ordinary columns, 2 and 3 for generated ones.
  auto query = reader.prepare(
      "SELECT name, type, \"notnull\", hidden FROM pragma_table_xinfo(?1) WHERE hidden <> 1");
  if (!query) return std::move(query).error();
  query->bind(0, table.name);
  for (;;) {
    auto row = query->step();
    if (!row) return std::move(row).error();
    if (!*row) break;
    auto name = query->string(0);
    auto quoted = quote(name);
    layout.selected += (layout.columns.empty() ? "" : ", ") + quoted;
    layout.columns.push_back({std::move(name), std::move(quoted), kind_of(query->text(1)),
                              query->integer(2) != 0, query->integer(3) != 0});
  }
  if (layout.columns.empty()) return missing;
  const auto key = layout.find(table.key_column);
  if (!key) return key.error();
  if ((*key)->kind != column_kind::text) {
    return error{errc::invalid, "the key column '" + table.key_column + "' of view '" + table.name +
                                    "' must be declared as text or uuid"};
  }
  layout.key = static_cast<std::size_t>(*key - layout.columns.data());
  return layout;
}

}  // namespace

void bind_value(statement& to, int parameter, const sql_value& value) {
  struct binder {
    statement& to;
    int parameter;
    void operator()(std::monostate) const { to.bind_null(parameter); }
    void operator()(std::int64_t number) const { to.bind(parameter, number); }
    void operator()(double number) const { to.bind(parameter, number); }
    void operator()(const std::string& text) const { to.bind(parameter, text); }
  };
  std::visit(binder{to, parameter}, value);
}

result<json> table_column::read(const statement& row, int column) const {
  if (row.is_null(column)) return json();
  switch (kind) {
    case column_kind::boolean:
      return json(row.integer(column) != 0);
    case column_kind::number:
      if (row.is_integer(column)) return json(row.integer(column));
      if (row.is_real(column)) return json(row.real(column));
      return json(row.string(column));
    case column_kind::json: {
      auto value = json::parse(row.text(column), nullptr, false);
      if (value.is_discarded()) return error{errc::corrupt, "column '" + name + "' is not JSON"};
      return value;
    }
    case column_kind::text:
      break;
  }
  return json(row.string(column));
}

bool table_column::accepts(const json& value) const {
  if (value.is_null()) return true;
  switch (kind) {
    case column_kind::text:
      return value.is_string();
    case column_kind::number:
      return value.is_number();
    case column_kind::boolean:
      return value.is_boolean();
    case column_kind::json:
      return true;
  }
  return false;
}

result<sql_value> table_column::to_sql(const json& value) const {
  if (value.is_null()) return sql_value();
  const auto invalid = [&] {
    return error{errc::invalid, "column '" + name + "' holds " + describe(kind)};
  };
  if (kind == column_kind::json) {
    return sql_value(value.dump(-1, ' ', false, json::error_handler_t::replace));
  }
  if (kind == column_kind::text) {
    if (!value.is_string()) return invalid();
    return sql_value(value.get<std::string>());
  }
  const auto spelt =
      value.is_string() ? json::parse(value.get_ref<const std::string&>(), nullptr, false) : value;
  if (kind == column_kind::boolean) {
    if (!spelt.is_boolean()) return invalid();
    return sql_value(std::int64_t{spelt.get<bool>()});
  }
  if (spelt.is_number_float()) return sql_value(spelt.get<double>());
  if (!spelt.is_number() || (spelt.is_number_unsigned() && spelt.get<std::int64_t>() < 0)) {
    return invalid();
  }
  return sql_value(spelt.get<std::int64_t>());
}

result<const table_column*> table_layout::find(const std::string& column) const {
  const auto found = std::ranges::find(columns, column, &table_column::name);
  if (found != columns.end()) return &*found;
  return error{errc::invalid, "view '" + table + "' has no column '" + column + "'"};
}

result<json> table_layout::read_row(const statement& row) const {
  json object = json::object();
  for (std::size_t i = 0; i < columns.size(); ++i) {
    auto value = columns[i].read(row, static_cast<int>(i));
    if (!value) {
      return error{value.error().code, "view '" + table + "': " + value.error().message};
    }
    object[columns[i].name] = std::move(*value);
  }
  return object;
}

result<std::shared_ptr<const table_layout>> table_layouts::of(database& reader,
                                                              const view_table& table) {
  const auto version = reader.number("PRAGMA schema_version");
  if (!version) return version.error();
  const auto name = table.name + '\0' + table.key_column;
  {
    const std::lock_guard lock(mutex_);
    const auto known = known_.find(name);
    if (known != known_.end() && known->second.schema_version == *version) {
      return known->second.layout;
    }
  }
  auto read = read_layout(reader, table);
  if (!read) return std::move(read).error();
  auto layout = std::make_shared<const table_layout>(std::move(*read));
  const std::lock_guard lock(mutex_);
  known_[name] = {*version, layout};
  return layout;
}

}  // namespace troupe::sqlite
