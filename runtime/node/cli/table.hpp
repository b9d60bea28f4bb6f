#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace troupe {

/// A column of a table.
struct table_column {
  std::string title;
  bool number = false;  ///< To the right, and never cut.
};

/// Lists things for people: one line each, columns side by side. Cells are made harmless with
/// `shown_text`; when the table is wider than the terminal, the widest columns of text are cut in
/// their middle first.
class text_table {
 public:
  explicit text_table(std::vector<table_column> columns) : columns_(std::move(columns)) {}

  /// As many cells as there are columns.
  void add(const std::vector<std::string>& cells);
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  /// Lines that end with a line feed and fit in `width` columns (0: any). Never narrower than a few
  /// columns for each cell.
  [[nodiscard]] std::string text(std::size_t width) const;

 private:
  [[nodiscard]] std::vector<std::size_t> widths_for(std::size_t width) const;

  std::vector<table_column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace troupe
