#include "bridges/sqlite/directory_check.hpp"

#include <algorithm>
#include <system_error>
#include <utility>
#include <vector>

#include "bridges/sqlite/database.hpp"
#include "bridges/sqlite/sqlite_event_log.hpp"
#include "bridges/sqlite/sqlite_view_store.hpp"

namespace troupe::sqlite {
namespace {

constexpr const char* log_file = "log.db";
constexpr const char* snapshots_file = "snapshots.db";

std::string folder_of(database_role role) {
  return role == database_role::views ? "views" : "microservices";
}

/// The databases of a data directory, relative to it.
std::vector<std::string> files_of(const std::filesystem::path& directory) {
  std::vector<std::string> files{log_file};
  if (std::filesystem::exists(directory / snapshots_file)) files.emplace_back(snapshots_file);
  for (const auto role : {database_role::views, database_role::microservice}) {
    const auto folder = folder_of(role);
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(directory / folder, none)) {
      if (entry.path().extension() == ".db")
        files.push_back(folder + '/' + entry.path().filename().string());
    }
  }
  std::ranges::sort(files);
  return files;
}

/// SQLite's own verification of one file: pages, trees, indexes, types.
result<void> check_integrity(database& opened, const std::string& file,
                             const finding_sink& report) {
  auto query = opened.prepare("PRAGMA integrity_check");
  if (!query) return std::move(query).error();
  for (;;) {
    auto row = query->step();
    if (!row) return std::move(row).error();
    if (!*row) return {};
    if (query->text(0) != "ok") report({file, "", 0, query->string(0)});
  }
}

/// What the index of streams names must be among the commits. (The other direction is looked at
/// through the port.)
result<void> check_streams(database& log, const finding_sink& report) {
  auto query = log.prepare(
      "SELECT k.name, s.id, s.first_version, s.position FROM streams s "
      "JOIN categories k ON k.number = s.category LEFT JOIN commits c "
      "ON c.place = (s.category << 48 | s.position) AND c.id = s.id "
      "AND c.first_version = s.first_version AND c.events = s.events WHERE c.place IS NULL");
  if (!query) return std::move(query).error();
  for (;;) {
    auto row = query->step();
    if (!row) return std::move(row).error();
    if (!*row) return {};
    report({log_file, query->string(0) + '.' + query->string(1), query->unsigned_integer(3),
            "the commit with version " + std::to_string(query->integer(2)) + " is lost"});
  }
}

/// Whether the file can be looked into any further.
bool check_file(const std::filesystem::path& directory, const std::string& file,
                const finding_sink& report) {
  bool sound = true;
  const auto note = [&](finding found) {
    sound = false;
    report(std::move(found));
  };
  const auto check = [&]() -> result<void> {
    // Not read-only: what a crash left in the write-ahead log is part of the file.
    auto opened = database::open(directory / file, database::mode::read_write);
    if (!opened) return std::move(opened).error();
    if (auto checked = check_integrity(**opened, file, note); !checked || !sound) return checked;
    return file == log_file ? check_streams(**opened, report) : result<void>();
  };
  if (auto checked = check(); !checked) note({file, "", 0, checked.error().message});
  return sound;
}

}  // namespace

result<data_under_check> open_for_check(const std::filesystem::path& directory,
                                        const finding_sink& report) {
  std::error_code none;
  if (!std::filesystem::exists(directory / log_file, none)) {
    return error{errc::invalid, "there is no " + std::string(log_file) + " in " +
                                    directory.string() + "; name a node's data directory"};
  }
  auto locked = data_directory::open(directory);
  if (!locked) return std::move(locked).error();
  data_under_check opened;
  opened.log_name = log_file;
  opened.snapshots_name = snapshots_file;
  opened.views_name = [](const std::string& feature, database_role role) {
    return folder_of(role) + '/' + feature + ".db";
  };
  bool log_sound = true;
  for (const auto& file : files_of(directory)) {
    const bool sound = check_file(directory, file, report);
    // Opening the log would make a damaged snapshot file anew.
    if (file == log_file || file == snapshots_file) log_sound = log_sound && sound;
  }
  if (!log_sound) return opened;
  auto log = open_event_log(*locked);
  if (!log) {
    report({log_file, "", 0, log.error().message});
    return opened;
  }
  opened.log = std::move(*log);
  auto views = open_views(*locked, missing_views::not_found);
  if (!views) return std::move(views).error();
  opened.views = std::move(*views);
  return opened;
}

}  // namespace troupe::sqlite
