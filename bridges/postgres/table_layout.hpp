#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <pqxx/pqxx>

#include "bridges/postgres/column.hpp"
#include "runtime/core/view_store.hpp"

namespace troupe::postgres {

/// The columns of a view's table as PostgreSQL's catalogue has them: nothing else ever gets into
/// the text of a statement.
struct table_layout {
  std::string table;
  std::string quoted;
  std::vector<table_column> columns;
  std::size_t key = 0;   ///< Which of the columns.
  std::string selected;  ///< All columns, for SELECT.

  [[nodiscard]] const table_column& key_column() const { return columns[key]; }
  /// `invalid`, naming the column, if there is no such one.
  [[nodiscard]] result<const table_column*> find(const std::string& column) const;
  [[nodiscard]] result<json> read_row(const pqxx::row& row) const;
};

/// Layouts, read anew when they are a second old: another process may migrate. Thread-safe.
class table_layouts {
 public:
  /// `invalid` if there is no such table or key column.
  result<std::shared_ptr<const table_layout>> of(pqxx::transaction_base& reader,
                                                 const view_table& table);
  /// The schema has changed.
  void forget();

 private:
  struct entry {
    std::chrono::steady_clock::time_point read;
    std::shared_ptr<const table_layout> layout;
  };
  std::mutex mutex_;
  std::map<std::string, entry> known_;  ///< By table and key column.
};

}  // namespace troupe::postgres
