#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "bridges/sqlite/column_types.hpp"
#include "bridges/sqlite/database.hpp"
#include "runtime/core/json.hpp"
#include "runtime/core/view_store.hpp"

namespace troupe::sqlite {

/// A value as SQLite stores it.
using sql_value = std::variant<std::monostate, std::int64_t, double, std::string>;

/// The value is bound by reference and must stay alive until the last `step`.
void bind_value(statement& to, int parameter, const sql_value& value);

struct table_column {
  std::string name;
  std::string quoted;  ///< As it stands in SQL.
  column_kind kind = column_kind::text;
  bool required = false;   ///< NOT NULL
  bool generated = false;  ///< Computed by the database: read, never written.

  /// The stored value as JSON. `corrupt` for a json column whose text is none.
  [[nodiscard]] result<json> read(const statement& row, int column) const;
  /// A filter's or cursor's value. Text from a URL stands for the number or boolean that it spells.
  /// `invalid` for a value that the column cannot have.
  [[nodiscard]] result<sql_value> to_sql(const json& value) const;
  /// Whether a row may have this value here.
  [[nodiscard]] bool accepts(const json& value) const;
};

/// The columns of a view's table as the database has them: nothing else ever gets into the text of
/// a statement.
struct table_layout {
  std::string table;
  std::string quoted;
  std::vector<table_column> columns;
  std::size_t key = 0;   ///< Which of the columns.
  std::string selected;  ///< All columns, for SELECT.

  [[nodiscard]] const table_column& key_column() const { return columns[key]; }
  /// `invalid`, naming the column, if there is no such one.
  [[nodiscard]] result<const table_column*> find(const std::string& column) const;
  [[nodiscard]] result<json> read_row(const statement& row) const;
};

/// Layouts, read once and again when the schema has changed. Thread-safe.
class table_layouts {
 public:
  /// `invalid` if there is no such table or key column.
  result<std::shared_ptr<const table_layout>> of(database& reader, const view_table& table);

 private:
  struct entry {
    std::int64_t schema_version = 0;
    std::shared_ptr<const table_layout> layout;
  };
  std::mutex mutex_;
  std::map<std::string, entry> known_;  ///< By table and key column.
};

}  // namespace troupe::sqlite
