// What is SQLite's own: the rest is in test/contract.
#include "bridges/sqlite/sqlite_view_store.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <fstream>
#include <limits>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bridges/sqlite/database.hpp"
#include "bridges/sqlite/faulty_disk.hpp"
#include "bridges/sqlite/schema_history.hpp"
#include "test/contract/contract.hpp"
#include "test/contract/temporary_directory.hpp"

namespace troupe::sqlite {
namespace {

using contract::must;
using contract::temporary_directory;

const view_table things{"things", "id"};

const std::vector<migration> first_step = {
    {1, "create_things",
     "CREATE TABLE things (id uuid PRIMARY KEY, name text NOT NULL, n bigint, flag boolean, extra "
     "jsonb,"
     " size integer GENERATED ALWAYS AS (length(name)) VIRTUAL, kept text DEFAULT 'default');"
     "CREATE UNIQUE INDEX things_name ON things (name);",
     "DROP TABLE things;"}};

json a_thing(const std::string& id, const std::string& name) {
  return {{"id", id}, {"name", name}};
}

class fixture {
 public:
  fixture() { must(store().migrate(first_step, migration_mode::apply)); }
  view_store& store() { return *store_; }
  [[nodiscard]] std::filesystem::path file() const { return place_ / "things.db"; }

  result<void> put(const std::vector<json>& rows) {
    const auto from = must(store().checkpoint("p"));
    auto transaction = must(store().begin("p", from, from + 1));
    if (auto done = transaction->upsert(things, rows); !done) return done;
    return transaction->commit();
  }

  /// Another process, as far as SQLite can tell.
  std::unique_ptr<database> outside() {
    return must(database::open(file(), database::mode::read_write, std::chrono::seconds(5)));
  }
  void reopen() {
    store_.reset();
    store_ = must(open_view_store(file()));
  }

 private:
  temporary_directory place_;
  std::unique_ptr<view_store> store_ = must(open_view_store(file()));
};

error refused_views(const std::filesystem::path& file) {
  const auto opened = open_view_store(file);
  BOOST_TEST_REQUIRE(!opened.has_value());
  BOOST_TEST(opened.error().message.find(file.string()) != std::string::npos,
             opened.error().message);
  return opened.error();
}

template <class T>
void check_invalid(const result<T>& answer, const std::string& part) {
  BOOST_TEST_REQUIRE(!answer.has_value());
  BOOST_TEST((answer.error().code == errc::invalid));
  BOOST_TEST(answer.error().message.find(part) != std::string::npos, answer.error().message);
}

BOOST_AUTO_TEST_SUITE(sqlite_view_store)

BOOST_AUTO_TEST_CASE(each_feature_and_role_has_a_file_of_its_own) {
  temporary_directory place;
  auto directory = must(data_directory::open(place.path()));
  auto provider = must(open_views(directory));
  auto views = must(provider->open("identity", database_role::views));
  auto again = must(provider->open("identity", database_role::views));
  auto own = must(provider->open("identity", database_role::microservice));
  BOOST_TEST(std::filesystem::exists(place / "views" / "identity.db"));
  BOOST_TEST(std::filesystem::exists(place / "microservices" / "identity.db"));
  must(views->migrate(first_step, migration_mode::apply));
  must(again->migrate(first_step, migration_mode::check));
  BOOST_TEST(!own->migrate(first_step, migration_mode::check).has_value());
  for (const auto* name : {"", "..", "a/b", "A"}) {
    check_invalid(provider->open(name, database_role::views), "feature");
  }
}

BOOST_AUTO_TEST_CASE(newer_foreign_and_damaged_files_are_refused) {
  temporary_directory place;
  const auto make = [&](const std::string& name, const std::string& sql) {
    must(must(database::open(place / name, database::mode::create, std::chrono::seconds(1)))
             ->execute(sql));
    return place / name;
  };
  const auto newer = place / "newer.db";
  must(open_view_store(newer)).reset();
  make("newer.db", "PRAGMA user_version = 2");
  BOOST_TEST((refused_views(newer).code == errc::unsupported));
  BOOST_TEST((refused_views(make("theirs.db", "CREATE TABLE a (b)")).code == errc::invalid));
  BOOST_TEST((refused_views(make("marked.db", "PRAGMA application_id = 5")).code == errc::invalid));
  std::ofstream(place / "text.db") << std::string(5000, 'z');
  BOOST_TEST((refused_views(place / "text.db").code == errc::corrupt));
  BOOST_TEST((refused_views(place / "no such folder" / "x.db").code == errc::unavailable));
}

BOOST_AUTO_TEST_CASE(a_file_cut_short_gives_errors_and_no_crash) {
  for (const double share : {0.1, 0.5, 0.9}) {
    temporary_directory place;
    const auto file = place / "things.db";
    {
      auto store = must(open_view_store(file));
      must(store->migrate(first_step, migration_mode::apply));
      std::vector<json> rows;
      for (int i = 0; i < 500; ++i) {
        rows.push_back(a_thing(std::to_string(i), std::to_string(i) + std::string(200, 'x')));
      }
      auto transaction = must(store->begin("p", 0, 1));
      must(transaction->upsert(things, rows));
      must(transaction->commit());
    }
    const auto size = static_cast<double>(std::filesystem::file_size(file));
    std::filesystem::resize_file(file, static_cast<std::uintmax_t>(size * share));
    const auto read = [&]() -> result<view_page> {
      auto store = open_view_store(file);
      if (!store) return std::move(store).error();
      view_query all;
      all.limit = 1000;
      return (*store)->query(things, all);
    }();
    BOOST_TEST_REQUIRE(!read.has_value(), share);
    BOOST_TEST((read.error().code == errc::corrupt), read.error().message);
  }
}

BOOST_AUTO_TEST_CASE(unknown_tables_and_columns_are_invalid_and_named) {
  fixture views;
  check_invalid(views.store().get({"nothing", "id"}, "1"), "'nothing'");
  check_invalid(views.store().get({std::string("things\0", 7), "id"}, "1"), "there is no table");
  check_invalid(views.store().get({"things", "ident"}, "1"), "'ident'");
  check_invalid(views.store().get({"things", "n"}, "1"), "'n'");
  check_invalid(views.store().reset("p", {"nothing", "id"}), "'nothing'");
  const auto asked = [&](auto change) {
    view_query query;
    change(query);
    return views.store().query(things, query);
  };
  check_invalid(asked([](auto& query) { query.equals = {{"nam", "x"}}; }), "'nam'");
  check_invalid(asked([](auto& query) {
                  query.equals = {{"name\" = '' OR 1 --", "x"}};
                }),
                "no column");
  check_invalid(asked([](auto& query) { query.order_by = "rowid; DROP TABLE things"; }),
                "no column");
  check_invalid(asked([](auto& query) { query.order_by = "extra"; }), "ordered");
  check_invalid(asked([](auto& query) { query.equals = {{"flag", "maybe"}}; }), "true or false");
  check_invalid(asked([](auto& query) { query.equals = {{"n", "many"}}; }), "a number");
  check_invalid(views.put({{{"id", "1"}, {"name", "a"}, {"nam", "x"}}}), "'nam'");
}

BOOST_AUTO_TEST_CASE(a_value_of_the_wrong_type_is_refused_rather_than_changed) {
  fixture views;
  const auto with = [](const char* column, json value) {
    json row = a_thing("1", "a");
    row[column] = std::move(value);
    return std::vector{row};
  };
  check_invalid(views.put(with("name", 7)), "'name'");
  check_invalid(views.put(with("name", json::array())), "'name'");
  check_invalid(views.put(with("n", "7")), "'n'");
  check_invalid(views.put(with("flag", 1)), "'flag'");
  check_invalid(views.put(with("flag", "true")), "'flag'");
  check_invalid(views.put(with("size", 1)), "'size'");
  check_invalid(views.put(with("n", std::numeric_limits<std::uint64_t>::max())), "'n'");
  check_invalid(views.put(with("name", nullptr)), "NOT NULL");
  must(views.put(with("n", std::numeric_limits<std::int64_t>::min())));
}

BOOST_AUTO_TEST_CASE(a_violated_constraint_is_invalid_and_changes_nothing) {
  fixture views;
  must(views.put({a_thing("1", "a")}));
  check_invalid(views.put({a_thing("2", "b"), a_thing("3", "a")}), "things.name");
  BOOST_TEST(!must(views.store().get(things, "2")).has_value());
  BOOST_TEST(must(views.store().checkpoint("p")) == 1U);
  must(views.put({a_thing("2", "b")}));
}

BOOST_AUTO_TEST_CASE(columns_that_no_row_has_keep_their_defaults) {
  fixture views;
  must(views.put({a_thing("1", "a")}));
  const auto row = must(views.store().get(things, "1"));
  BOOST_TEST_REQUIRE(row.has_value());
  BOOST_TEST(row->at("kept") == "default");
  BOOST_TEST(row->at("size") == 1);
}

BOOST_AUTO_TEST_CASE(a_migration_that_fails_changes_nothing_and_says_where) {
  fixture views;
  must(views.put({a_thing("1", "a")}));
  auto steps = first_step;
  steps.push_back(
      {2, "break_things", "CREATE TABLE more (a uuid); DELETE FROM things; SELECT nonsense;", ""});
  check_invalid(views.store().migrate(steps, migration_mode::apply), "migration 2 'break_things'");
  steps[1].up = "CREATE TABLE more (a uuid); ROLLBACK;";
  check_invalid(views.store().migrate(steps, migration_mode::apply), "ROLLBACK");
  must(views.store().migrate(first_step, migration_mode::check));
  BOOST_TEST(must(views.store().get(things, "1")).has_value());
  BOOST_TEST(
      must(views.outside()->number("SELECT count(*) FROM sqlite_schema WHERE name = 'more'")) == 0);
  BOOST_TEST(must(views.outside()->number("SELECT dirty FROM schema_migrations")) == 0);
}

BOOST_AUTO_TEST_CASE(a_migration_may_bring_its_own_begin_and_commit_and_rows) {
  fixture views;
  auto steps = first_step;
  steps.push_back({2, "seed",
                   "/* for PostgreSQL */ BEGIN;\nALTER TABLE things ADD COLUMN at timestamptz;\n"
                   "INSERT INTO things (id, name, at) VALUES ('00012', '1e5', '0x10');\n"
                   "CREATE TRIGGER t AFTER INSERT ON things BEGIN SELECT 1; END;\nCOMMIT;\n-- done",
                   ""});
  must(views.store().migrate(steps, migration_mode::apply));
  const auto row = must(views.store().get(things, "00012"));
  BOOST_TEST_REQUIRE(row.has_value());
  BOOST_TEST(row->at("name") == "1e5");
  BOOST_TEST(row->at("at") == "0x10");
}

BOOST_AUTO_TEST_CASE(a_dirty_database_is_refused_until_it_is_forced) {
  fixture views;
  must(views.outside()->execute("UPDATE schema_migrations SET dirty = 1"));
  check_invalid(views.store().migrate(first_step, migration_mode::apply), "dirty");
  auto outside = views.outside();
  must(schema_history(*outside).force(1));
  must(views.store().migrate(first_step, migration_mode::check));
}

BOOST_AUTO_TEST_CASE(steps_are_undone_and_counted_as_the_migrate_cli_does) {
  fixture views;
  auto outside = views.outside();
  schema_history history(*outside);
  BOOST_TEST(must(history.read()).version.value() == 1U);
  auto irreversible = first_step[0];
  irreversible.down = "";
  check_invalid(history.down(irreversible, std::nullopt), "no way back");
  must(history.down(first_step[0], std::nullopt));
  BOOST_TEST(!must(history.read()).version.has_value());
  check_invalid(views.store().get(things, "1"), "there is no table");
  must(history.up(first_step[0]));
  BOOST_TEST(must(outside->number("SELECT version FROM schema_migrations WHERE NOT dirty")) == 1);
  must(views.put({a_thing("1", "a")}));
}

BOOST_AUTO_TEST_CASE(a_database_that_the_migrate_cli_has_made_is_taken_over) {
  temporary_directory place;
  {
    auto cli =
        must(database::open(place / "x.db", database::mode::create, std::chrono::seconds(1)));
    must(
        cli->execute("CREATE TABLE schema_migrations (version uint64,dirty bool);"
                     "CREATE UNIQUE INDEX version_unique ON schema_migrations (version);"
                     "INSERT INTO schema_migrations VALUES (1, 0);" +
                     first_step[0].up));
  }
  auto store = must(open_view_store(place / "x.db"));
  must(store->migrate(first_step, migration_mode::check));
  auto transaction = must(store->begin("p", 0, 1));
  must(transaction->upsert(things, std::vector{a_thing("00012", "1e5")}));
  must(transaction->commit());
  BOOST_TEST(must(store->get(things, "00012"))->at("id") == "00012");
}

BOOST_AUTO_TEST_CASE(a_column_added_by_another_process_is_seen) {
  fixture views;
  must(views.put({a_thing("1", "a")}));
  must(views.store().get(things, "1"));
  must(views.outside()->execute("ALTER TABLE things ADD COLUMN later text DEFAULT 'x'"));
  BOOST_TEST(must(views.store().get(things, "1"))->at("later") == "x");
  auto row = a_thing("2", "b");
  row["later"] = "y";
  must(views.put({row}));
}

BOOST_AUTO_TEST_CASE(a_transaction_waits_for_another_process) {
  fixture views;
  auto outside = views.outside();
  must(outside->begin());
  std::atomic<bool> waiting = false;
  std::atomic<bool> released = false;
  std::thread writer([&] {
    waiting = true;
    must(views.put({a_thing("1", "a")}));
    BOOST_TEST(released);
  });
  while (!waiting) std::this_thread::yield();
  released = true;
  must(outside->commit());
  writer.join();
  BOOST_TEST(must(views.store().get(things, "1")).has_value());
}

BOOST_AUTO_TEST_CASE(an_ended_transaction_can_do_nothing_more) {
  fixture views;
  auto transaction = must(views.store().begin("p", 0, 1));
  must(transaction->commit());
  for (const auto& done :
       {transaction->upsert(things, std::vector{a_thing("1", "a")}), transaction->commit()}) {
    BOOST_TEST_REQUIRE(!done.has_value());
    BOOST_TEST((done.error().code == errc::internal));
  }
  // Nor is it in anybody's way.
  must(views.store().begin("p", 1, 2));
}

/// Some 300 KiB of write-ahead log for seventy of them.
std::vector<json> many_things(int first, int count = 70) {
  std::vector<json> rows;
  for (int i = first; i < first + count; ++i)
    rows.push_back(a_thing(std::to_string(i), std::to_string(i) + std::string(4000, 'x')));
  return rows;
}

BOOST_FIXTURE_TEST_CASE(the_write_ahead_log_is_bounded, fixture) {
  for (int i = 0; i < 100; ++i) must(put(many_things(i * 70)));
  // Some 30 MiB went through it.
  BOOST_TEST(std::filesystem::file_size(file().string() + "-wal") < (18U << 20U));
}

BOOST_AUTO_TEST_CASE(a_disk_that_does_not_flush_fails_a_commit_and_nothing_is_half_there) {
  faulty_disk disk;
  fixture views;
  disk.fail_syncs(SQLITE_IOERR_FSYNC);
  position_t failed = 0;
  for (int i = 0; i < 10 && failed == 0; ++i) {
    if (!views.put(many_things(i * 70))) failed = static_cast<position_t>(i) + 1;
  }
  BOOST_TEST(failed > 1U);  // Not every commit waits for the disk.
  disk.mend();
  const auto reached = must(views.store().checkpoint("p"));
  BOOST_TEST((reached == failed || reached == failed - 1));
  auto reader = views.outside();
  BOOST_TEST(must(reader->number("SELECT count(*) FROM things")) ==
             static_cast<std::int64_t>(reached) * 70);
  must(views.put(many_things(7000)));
}

BOOST_AUTO_TEST_CASE(large_commits_do_not_wait_for_the_disk) {
  faulty_disk disk;
  fixture views;
  disk.fail_syncs(SQLITE_IOERR_FSYNC);
  for (int i = 0; i < 5; ++i) must(views.put(many_things(i * 350, 350)));
  BOOST_TEST(!views.put(many_things(7000)).has_value());
  disk.mend();
}

BOOST_AUTO_TEST_CASE(numbers_keep_their_value) {
  temporary_directory place;
  auto store = must(open_view_store(place / "x.db"));
  const std::vector<migration> steps = {
      {1, "n", "CREATE TABLE n (id text PRIMARY KEY, i bigint, r double precision, d numeric)",
       ""}};
  must(store->migrate(steps, migration_mode::apply));
  const view_table table{"n", "id"};
  std::vector<json> rows;
  for (const double real :
       {0.1, -1.0 / 3, 1e-300, 12345678.9012345, 0.30000000000000004, 1e15, 2.5}) {
    rows.push_back(
        {{"id", std::to_string(rows.size())}, {"i", 9007199254740993}, {"r", real}, {"d", real}});
  }
  auto transaction = must(store->begin("p", 0, 1));
  must(transaction->upsert(table, rows));
  must(transaction->commit());
  for (const auto& row : rows)
    BOOST_TEST((must(store->get(table, row.at("id"))) == std::optional(row)), row.dump());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe::sqlite
