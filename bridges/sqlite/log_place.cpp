#include "bridges/sqlite/log_place.hpp"

#include <filesystem>
#include <system_error>
#include <utility>

#include "bridges/sqlite/database.hpp"
#include "bridges/sqlite/sqlite_event_log.hpp"

namespace troupe::sqlite {
namespace {

result<std::vector<std::string>> categories_in(const std::filesystem::path& file) {
  auto opened = database::open(file, database::mode::read_write);
  if (!opened) return std::move(opened).error();
  auto query = (*opened)->prepare(
      "SELECT name FROM categories WHERE EXISTS (SELECT 1 FROM commits WHERE place BETWEEN "
      "number << 48 AND (number + 1 << 48) - 1)");
  if (!query) return std::move(query).error();
  std::vector<std::string> names;
  for (;;) {
    auto row = query->step();
    if (!row) return std::move(row).error();
    if (!*row) return names;
    names.push_back(query->string(0));
  }
}

/// A folder of view databases in the directory; "" if there is none.
std::string views_in(const std::filesystem::path& directory) {
  for (const auto* folder : {"views", "microservices"}) {
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(directory / folder, none)) {
      if (entry.path().extension() == ".db") return folder;
    }
  }
  return "";
}

}  // namespace

result<opened_log> open_log_place(const std::string& directory, log_use use) {
  const auto file = std::filesystem::path(directory) / "log.db";
  std::error_code none;
  if (use == log_use::read && !std::filesystem::exists(file, none)) {
    return error{errc::invalid,
                 "there is no log.db in " + directory + "; name a node's data directory"};
  }
  auto locked = data_directory::open(directory);
  if (!locked) return std::move(locked).error();
  auto log = open_event_log(*locked);
  if (!log) return std::move(log).error();
  auto categories = categories_in(file);
  if (!categories) return std::move(categories).error();
  if (use == log_use::write && categories->empty()) {
    if (const auto folder = views_in(directory); !folder.empty()) {
      return error{errc::invalid, directory + " has '" + folder +
                                      "' of another log; choose an empty directory, or move "
                                      "'views' and 'microservices' away: a node makes them again"};
    }
  }
  return opened_log{std::move(*log), std::move(*categories)};
}

}  // namespace troupe::sqlite
