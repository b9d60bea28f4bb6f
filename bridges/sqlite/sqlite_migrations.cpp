#include "bridges/sqlite/sqlite_migrations.hpp"

#include <utility>

#include "bridges/sqlite/database.hpp"
#include "bridges/sqlite/schema_history.hpp"
#include "runtime/core/database_url.hpp"

namespace troupe::sqlite {
namespace {

/// For a node that has the file open.
constexpr auto migration_patience = std::chrono::seconds(10);

class sqlite_migration_target final : public migration_target {
 public:
  explicit sqlite_migration_target(std::unique_ptr<database> opened)
      : database_(std::move(opened)) {}

  result<void> lock(std::chrono::milliseconds) override { return {}; }
  void unlock() override {}

  result<schema_state> read() override {
    const auto now = history_.read();
    if (!now) return now.error();
    return schema_state{now->version, now->dirty};
  }
  result<void> write(const schema_state& state) override {
    return history_.force(state.version, state.dirty);
  }
  result<void> run(const std::string& script) override { return history_.run_alone(script); }

 private:
  std::unique_ptr<database> database_;
  schema_history history_{*database_};
};

}  // namespace

result<std::unique_ptr<migration_target>> open_migration_target(const std::string& url) {
  const auto parsed = parse_database_url(url);
  if (!parsed) return parsed.error();
  if (!parsed->parameters.empty()) {
    return error{errc::invalid, "'" + parsed->parameters.front().first +
                                    "' in the database URL is not known; leave it out"};
  }
  const auto file = percent_decode(parsed->authority + parsed->path);
  if (!file) return file.error();
  if (file->empty()) {
    return error{errc::invalid,
                 "the database URL names no file; give one like sqlite://path/to/file.db"};
  }
  auto opened = database::open(*file, database::mode::create, migration_patience);
  if (!opened) return std::move(opened).error();
  return std::unique_ptr<migration_target>(
      std::make_unique<sqlite_migration_target>(std::move(*opened)));
}

}  // namespace troupe::sqlite
