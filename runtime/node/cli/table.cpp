#include "runtime/node/cli/table.hpp"

#include <algorithm>
#include <numeric>

#include "runtime/node/cli/text.hpp"

namespace troupe {
namespace {

constexpr std::size_t gap = 2;        ///< Between two columns.
constexpr std::size_t narrowest = 8;  ///< To which a column of text is cut.

}  // namespace

void text_table::add(const std::vector<std::string>& cells) {
  auto& row = rows_.emplace_back();
  for (const auto& cell : cells) row.push_back(shown_text(cell));
}

std::vector<std::size_t> text_table::widths_for(std::size_t width) const {
  std::vector<std::size_t> widths;
  for (const auto& column : columns_) widths.push_back(text_width(column.title));
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], text_width(row[i]));
  }
  if (width == 0) return widths;
  const auto least = [&](std::size_t i) {
    return std::max(narrowest, text_width(columns_[i].title));
  };
  const auto total = [&] {
    return std::accumulate(widths.begin(), widths.end(), gap * (widths.size() - 1));
  };
  for (auto& each : widths) each = std::min(each, std::max(width, narrowest));
  while (total() > width) {
    std::size_t widest = columns_.size();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const bool gives_way = !columns_[i].number && widths[i] > least(i);
      if (gives_way && (widest == columns_.size() || widths[i] > widths[widest])) widest = i;
    }
    if (widest == columns_.size()) break;
    --widths[widest];
  }
  return widths;
}

std::string text_table::text(std::size_t width) const {
  const auto widths = widths_for(width);
  std::string lines;
  const auto add_line = [&](const auto& cell_of) {
    std::string line;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const auto cell = elide_middle(cell_of(i), widths[i]);
      const std::string padding(widths[i] - text_width(cell), ' ');
      if (i > 0) line.append(gap, ' ');
      line += columns_[i].number ? padding + cell : cell + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    lines += line + '\n';
  };
  add_line([&](std::size_t i) { return columns_[i].title; });
  for (const auto& row : rows_) add_line([&](std::size_t i) { return row[i]; });
  return lines;
}

}  // namespace troupe
