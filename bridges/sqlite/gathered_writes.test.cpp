#include "bridges/sqlite/gathered_writes.hpp"

#include <sqlite3.h>

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "bridges/sqlite/database.hpp"
#include "bridges/sqlite/faulty_disk.hpp"
#include "test/contract/temporary_directory.hpp"

namespace troupe::sqlite {
namespace {

namespace fs = std::filesystem;

struct logged_file {
  std::unique_ptr<database> connect(const std::string& pragmas = "") const {
    auto opened = database::open(file(), database::mode::create);
    BOOST_REQUIRE(opened);
    run(**opened, "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;" + pragmas);
    return std::move(*opened);
  }

  static void run(database& on, const std::string& script) {
    const auto done = on.execute(script);
    BOOST_REQUIRE_MESSAGE(done, (done ? "" : done.error().message));
  }

  static std::int64_t number(database& on, const std::string& sql) {
    const auto found = on.number(sql);
    BOOST_REQUIRE(found);
    return *found;
  }

  /// What would be found after the process was killed now.
  std::unique_ptr<database> as_after_a_crash() const {
    const auto copy = folder.path() / "copy.db";
    for (const auto* part : {"", "-wal"}) {
      fs::copy_file(file().string() + part, copy.string() + part,
                    fs::copy_options::overwrite_existing);
    }
    fs::remove(copy.string() + "-shm");
    auto opened = database::open(copy, database::mode::read_write);
    BOOST_REQUIRE(opened);
    return std::move(*opened);
  }

  fs::path file() const { return folder.path() / "some.db"; }

  contract::temporary_directory folder;
};

constexpr const char* some_table = "CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT);";

std::string rows_inserted(int from, int to) {
  return "WITH RECURSIVE all_of (n) AS (SELECT " + std::to_string(from) +
         " UNION ALL SELECT n + 1 FROM all_of WHERE n < " + std::to_string(to) +
         ") INSERT INTO t SELECT n, hex(randomblob(500)) FROM all_of;";
}

BOOST_FIXTURE_TEST_SUITE(writes_gathered_by_transaction, logged_file)

BOOST_AUTO_TEST_CASE(a_transaction_of_many_pages_is_few_writes) {
  faulty_disk disk;
  const auto writer = connect("PRAGMA synchronous = FULL;");
  run(*writer, some_table);
  run(*writer, rows_inserted(1, 1));
  const auto before = disk.log_writes();
  run(*writer, rows_inserted(2, 11));
  BOOST_TEST(disk.log_writes() - before == 1);
  run(*writer, rows_inserted(12, 101));  // 90 KB and more.
  BOOST_TEST(disk.log_writes() - before < 5);
  BOOST_TEST(number(*writer, "SELECT count(*) FROM t") == 101);
}

BOOST_AUTO_TEST_CASE(a_commit_is_in_the_file_when_others_see_it) {
  for (const auto* synchronous : {"OFF", "NORMAL", "FULL"}) {
    BOOST_TEST_CONTEXT(synchronous) {
      const auto writer = connect(std::string("PRAGMA synchronous = ") + synchronous + ";");
      const auto reader = connect();
      run(*writer, std::string("DROP TABLE IF EXISTS t;") + some_table);
      for (int i = 0; i < 20; ++i) {
        run(*writer, rows_inserted(10 * i + 1, 10 * i + 10));
        BOOST_TEST(number(*reader, "SELECT count(*) FROM t") == 10 * (i + 1));
        BOOST_TEST(number(*as_after_a_crash(), "SELECT count(*) FROM t") == 10 * (i + 1));
        if (i == 10) BOOST_REQUIRE(writer->checkpoint(true));  // The log starts anew.
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_write_that_fails_fails_the_commit) {
  faulty_disk disk;
  const auto writer = connect("PRAGMA synchronous = NORMAL;");
  run(*writer, some_table);
  run(*writer, rows_inserted(1, 10));
  disk.fail_writes(SQLITE_IOERR_WRITE);
  BOOST_TEST(!writer->execute(rows_inserted(11, 20)));
  disk.mend();
  writer->rollback();
  BOOST_TEST(number(*writer, "SELECT count(*) FROM t") == 10);
  BOOST_TEST(number(*as_after_a_crash(), "SELECT count(*) FROM t") == 10);
  run(*writer, rows_inserted(11, 20));
  BOOST_TEST(number(*as_after_a_crash(), "SELECT count(*) FROM t") == 20);
}

BOOST_AUTO_TEST_CASE(pages_that_were_rolled_back_do_not_get_over_those_of_another_writer) {
  // So small a cache spills pages into the log before the commit.
  const auto first = connect("PRAGMA cache_size = 5; PRAGMA synchronous = NORMAL;");
  const auto second = connect("PRAGMA synchronous = NORMAL;");
  run(*first, some_table);
  run(*first, "BEGIN IMMEDIATE;" + rows_inserted(1, 300));
  first->rollback();
  run(*second, rows_inserted(1, 50));
  run(*first, "BEGIN IMMEDIATE;" + rows_inserted(1000, 1300));
  BOOST_TEST(number(*first, "SELECT count(*) FROM t") == 351);  // Spilled pages are read back.
  first->rollback();
  run(*second, rows_inserted(51, 60));
  const auto copy = as_after_a_crash();
  BOOST_TEST(number(*copy, "SELECT count(*) FROM t") == 60);
  BOOST_TEST(number(*copy,
                    "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = "
                    "'ok'") == 1);
}

// Two connections do at random what changes a write-ahead log. After every commit the files hold
// exactly what was committed. (No savepoints: rolling back to one after pages were spilled breaks
// the checksums of SQLite 3.40's own log.)
BOOST_AUTO_TEST_CASE(whatever_two_writers_do_the_files_hold_what_was_committed) {
  std::mt19937 random(20261126);
  const auto draw = [&](int below) {
    return static_cast<int>(random() % static_cast<unsigned>(below));
  };
  const std::vector<std::unique_ptr<database>> writers = [&] {
    std::vector<std::unique_ptr<database>> made;
    made.push_back(connect("PRAGMA cache_size = 5; PRAGMA synchronous = NORMAL;"));
    made.push_back(connect("PRAGMA cache_size = 8; PRAGMA synchronous = FULL;"));
    return made;
  }();
  run(*writers[0], std::string(some_table) + "CREATE INDEX by_text ON t (text);");
  const std::string sum = "SELECT coalesce(sum(n * length(text)), 0) FROM t";
  std::int64_t committed = 0;
  int next = 1;
  for (int round = 0; round < 400; ++round) {
    auto& writer = *writers[static_cast<std::size_t>(draw(2))];
    run(writer, "BEGIN IMMEDIATE");
    const int steps = 1 + draw(3);
    for (int step = 0; step < steps; ++step) {
      const int more = 1 + draw(60);
      run(writer, rows_inserted(next, next + more - 1));
      if (draw(2) == 0) run(writer, "DELETE FROM t WHERE n % 7 = " + std::to_string(draw(7)));
      next += more;
    }
    if (draw(4) == 0) {
      writer.rollback();
    } else {
      committed = number(writer, sum);
      BOOST_REQUIRE(writer.commit());
    }
    if (draw(10) == 0)
      BOOST_REQUIRE(writers[static_cast<std::size_t>(draw(2))]->checkpoint(draw(2) == 0));
    BOOST_REQUIRE_EQUAL(number(*writers[0], sum), committed);
    BOOST_REQUIRE_EQUAL(number(*writers[1], sum), committed);
    const auto copy = as_after_a_crash();
    BOOST_REQUIRE_EQUAL(number(*copy, sum), committed);
    BOOST_REQUIRE_EQUAL(
        number(*copy, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"),
        1);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe::sqlite
