#include "bridges/postgres/table_layout.hpp"

#include <algorithm>
#include <utility>

#include "bridges/postgres/address.hpp"

namespace troupe::postgres {
namespace {

constexpr auto good_for = std::chrono::seconds(1);

/// The columns of the table that a plain name means in this session, in their order. A domain
/// stands for the type below it. `by_bytes`: comparing already goes by bytes, as under COLLATE "C";
/// saying so all the same would keep PostgreSQL from using the column's index.
constexpr const char* catalogue = R"sql(
SELECT a.attname, a.attnotnull, a.attgenerated <> '' OR a.attidentity = 'a',
       b.typname, format_type(b.oid, -1), b.typcategory = 'A',
       a.attcollation = 0 OR l.collname IN ('C', 'POSIX') OR (l.collname = 'default' AND EXISTS (
         SELECT 1 FROM pg_database d WHERE d.datname = current_database()
         AND d.datcollate IN ('C', 'POSIX') AND to_jsonb(d) ->> 'datlocprovider' IS DISTINCT FROM 'i'
       )) AS by_bytes
FROM pg_attribute a
JOIN pg_type t ON t.oid = a.atttypid
JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
LEFT JOIN pg_collation l ON l.oid = a.attcollation
WHERE a.attrelid = to_regclass(quote_ident($1)) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
)sql";

result<table_layout> read_layout(pqxx::transaction_base& reader, const view_table& table) {
  const error missing{errc::invalid,
                      "there is no table '" + table.name + "'; add a migration that creates it"};
  if (!is_storable(table.name)) return missing;
  table_layout layout;
  layout.table = table.name;
  layout.quoted = quote_name(table.name);
  for (const auto& row : reader.exec_params(catalogue, table.name)) {
    table_column column;
    column.name = row[0].c_str();
    column.quoted = quote_name(column.name);
    column.required = row[1].as<bool>();
    column.generated = row[2].as<bool>();
    column.kind = kind_of(row[3].c_str());
    column.type = row[4].c_str();
    column.ordered = column.quoted + (row[6].as<bool>() ? "" : " COLLATE \"C\"");
    if (row[5].as<bool>()) {
      return error{errc::invalid, "column '" + column.name + "' of view '" + table.name +
                                      "' is an array; declare it as jsonb"};
    }
    layout.selected += (layout.columns.empty() ? "" : ", ") + column.quoted;
    layout.columns.push_back(std::move(column));
  }
  if (layout.columns.empty()) return missing;
  const auto key = layout.find(table.key_column);
  if (!key) return key.error();
  if ((*key)->kind != column_kind::text && (*key)->kind != column_kind::uuid) {
    return error{errc::invalid, "the key column '" + table.key_column + "' of view '" + table.name +
                                    "' must be declared as text or uuid"};
  }
  layout.key = static_cast<std::size_t>(*key - layout.columns.data());
  return layout;
}

}  // namespace

result<const table_column*> table_layout::find(const std::string& column) const {
  const auto found = std::ranges::find(columns, column, &table_column::name);
  if (found != columns.end()) return &*found;
  return error{errc::invalid, "view '" + table + "' has no column '" + column + "'"};
}

result<json> table_layout::read_row(const pqxx::row& row) const {
  json object = json::object();
  for (std::size_t i = 0; i < columns.size(); ++i) {
    auto value = columns[i].read(row[static_cast<pqxx::row::size_type>(i)]);
    if (!value) {
      return error{value.error().code, "view '" + table + "': " + value.error().message};
    }
    object[columns[i].name] = std::move(*value);
  }
  return object;
}

result<std::shared_ptr<const table_layout>> table_layouts::of(pqxx::transaction_base& reader,
                                                              const view_table& table) {
  const auto name = table.name + '\0' + table.key_column;
  const auto now = std::chrono::steady_clock::now();
  {
    const std::lock_guard lock(mutex_);
    const auto known = known_.find(name);
    if (known != known_.end() && now - known->second.read < good_for) return known->second.layout;
  }
  auto read = read_layout(reader, table);
  if (!read) return std::move(read).error();
  auto layout = std::make_shared<const table_layout>(std::move(*read));
  const std::lock_guard lock(mutex_);
  known_[name] = {now, layout};
  return layout;
}

void table_layouts::forget() {
  const std::lock_guard lock(mutex_);
  known_.clear();
}

}  // namespace troupe::postgres
