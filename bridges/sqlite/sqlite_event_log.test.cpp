// What is SQLite's own: the rest is in test/contract.
#include "bridges/sqlite/sqlite_event_log.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bridges/sqlite/database.hpp"
#include "bridges/sqlite/faulty_disk.hpp"
#include "test/contract/contract.hpp"
#include "test/contract/temporary_directory.hpp"

namespace troupe::sqlite {
namespace {

using contract::must;
using contract::temporary_directory;

commit a_commit(const std::string& id, version_t first, const std::string& command,
                std::size_t size = 400) {
  commit made;
  made.stream = {"identity", id};
  made.first_version = first;
  made.command_id = command;
  made.body = std::string(size, 'x');
  return made;
}

append_result append(event_log& log, commit one) {
  const append_request request{{std::move(one)}};
  return log.append({&request, 1}, {}).front();
}

/// Stores it or fails the test.
void store(event_log& log, commit one) {
  const auto done = append(log, std::move(one));
  if (done.failure) BOOST_FAIL(done.failure->message);
}

errc failure_of(const append_result& done) {
  BOOST_TEST_REQUIRE(done.positions.empty());
  BOOST_TEST_REQUIRE(done.failure.has_value());
  return done.failure->code;
}

bool holds(event_log& log, const std::string& command) {
  return must(log.find_command(command)).has_value();
}

/// The files as a crash at this moment would leave them.
class crash_site {
 public:
  explicit crash_site(const std::filesystem::path& directory) {
    for (const auto* file : {"log.db", "log.db-wal"}) {
      if (std::filesystem::exists(directory / file)) {
        std::filesystem::copy_file(directory / file, place_ / file);
      }
    }
    log_ = must(open_event_log(place_.path()));
  }
  event_log& log() { return *log_; }

 private:
  temporary_directory place_;
  std::unique_ptr<event_log> log_;
};

void change(const std::filesystem::path& file, const std::string& sql) {
  must(must(database::open(file, database::mode::read_write, std::chrono::seconds(1)))
           ->execute(sql));
}

error refused_log(const std::filesystem::path& directory) {
  const auto opened = open_event_log(directory);
  BOOST_TEST_REQUIRE(!opened.has_value());
  return opened.error();
}

BOOST_AUTO_TEST_SUITE(sqlite_event_log)

BOOST_AUTO_TEST_CASE(what_was_acknowledged_survives_a_killed_process) {
  temporary_directory place;
  std::array<int, 2> pipe{};
  BOOST_TEST_REQUIRE(::pipe(pipe.data()) == 0);
  const auto child = ::fork();
  if (child == 0) {
    auto log = open_event_log(place.path());
    for (int i = 0; log; ++i) {
      std::vector<append_request> requests;
      for (int j = 0; j < 3; ++j) {
        const auto name = std::to_string(i) + "-" + std::to_string(j);
        requests.push_back({{a_commit(name, 1, name), a_commit(name, 2, name + "b")}});
      }
      for (const auto& one : (*log)->append(requests, {})) {
        if (one.failure) ::_exit(1);
      }
      if (::write(pipe[1], &i, sizeof i) != sizeof i) ::_exit(1);
    }
    ::_exit(1);
  }
  ::close(pipe[1]);
  int last = -1;
  while (last < 20 && ::read(pipe[0], &last, sizeof last) == sizeof last) continue;
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  while (::read(pipe[0], &last, sizeof last) == sizeof last) continue;
  ::close(pipe[0]);

  BOOST_TEST_REQUIRE(last >= 20);
  auto log = must(open_event_log(place.path()));
  for (int i = 0; i <= last; ++i) {
    for (int j = 0; j < 3; ++j) {
      const auto name = std::to_string(i) + "-" + std::to_string(j);
      BOOST_TEST(must(log->read_stream({"identity", name}, 1, 10)).size() == 2U, name);
    }
  }
  // A batch that was not acknowledged is there wholly or not at all.
  const auto all = must(log->read_category("identity", 1, 1'000'000)).size();
  BOOST_TEST(all % 6 == 0U);
}

BOOST_AUTO_TEST_CASE(a_newer_format_is_refused) {
  temporary_directory place;
  must(open_event_log(place.path())).reset();
  change(place / "log.db", "PRAGMA user_version = 2");
  const auto why = refused_log(place.path());
  BOOST_TEST((why.code == errc::unsupported));
  BOOST_TEST(why.message.find("format 2") != std::string::npos, why.message);
}

BOOST_AUTO_TEST_CASE(a_foreign_database_is_refused_and_left_alone) {
  temporary_directory place;
  {
    auto foreign =
        must(database::open(place / "log.db", database::mode::create, std::chrono::seconds(1)));
    must(foreign->execute("CREATE TABLE theirs (a)"));
  }
  BOOST_TEST((refused_log(place.path()).code == errc::invalid));
  change(place / "log.db", "PRAGMA application_id = 77");
  BOOST_TEST((refused_log(place.path()).code == errc::invalid));
  auto foreign =
      must(database::open(place / "log.db", database::mode::read_write, std::chrono::seconds(1)));
  BOOST_TEST(must(foreign->number("SELECT count(*) FROM sqlite_schema")) == 1);
}

BOOST_AUTO_TEST_CASE(a_file_that_is_no_database_is_refused) {
  temporary_directory place;
  std::ofstream(place / "log.db") << std::string(10'000, 'z');
  const auto why = refused_log(place.path());
  BOOST_TEST((why.code == errc::corrupt));
  BOOST_TEST(why.message.find("log.db") != std::string::npos, why.message);
}

BOOST_AUTO_TEST_CASE(a_file_cut_short_gives_errors_and_no_crash) {
  for (const double share : {0.05, 0.3, 0.6, 0.95}) {
    temporary_directory place;
    {
      auto log = must(open_event_log(place.path()));
      for (int i = 0; i < 30; ++i)
        store(*log, a_commit(std::to_string(i), 1, std::to_string(i), 3000));
    }
    const auto file = place / "log.db";
    const auto size = static_cast<double>(std::filesystem::file_size(file));
    std::filesystem::resize_file(file, static_cast<std::uintmax_t>(size * share));
    auto log = open_event_log(place.path());
    int failures = log ? 0 : 1;
    if (log) {
      const auto count = [&](const auto& answer) {
        if (answer) return;
        ++failures;
        BOOST_TEST((answer.error().code == errc::corrupt), answer.error().message);
      };
      count((*log)->read_category("identity", 1, 1000));
      for (int i = 0; i < 30; ++i) {
        count((*log)->read_stream({"identity", std::to_string(i)}, 1, 10));
        count((*log)->find_command(std::to_string(i)));
      }
      for (int i = 0; i < 5; ++i)
        append(**log, a_commit("new" + std::to_string(i), 1, "new" + std::to_string(i)));
      count((*log)->head("identity"));
    }
    BOOST_TEST(failures > 0, share);
  }
}

BOOST_AUTO_TEST_CASE(a_commit_that_is_missing_in_the_middle_is_reported_as_corruption) {
  temporary_directory place;
  {
    auto log = must(open_event_log(place.path()));
    for (version_t i = 1; i <= 3; ++i) store(*log, a_commit("7", i, std::to_string(i)));
  }
  change(place / "log.db", "DELETE FROM commits WHERE command_id = '2'");
  const auto read = must(open_event_log(place.path()))->read_stream({"identity", "7"}, 1, 10);
  BOOST_TEST_REQUIRE(!read.has_value());
  BOOST_TEST((read.error().code == errc::corrupt));
  BOOST_TEST(read.error().message.find("identity.7") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_full_disk_stores_nothing_and_the_log_goes_on_when_there_is_room) {
  faulty_disk disk;
  temporary_directory place;
  auto log = must(open_event_log(place.path()));
  store(*log, a_commit("7", 1, "c1"));
  disk.fail_writes(SQLITE_FULL);
  for (int i = 0; i < 3; ++i) {
    BOOST_TEST((failure_of(append(*log, a_commit("7", 2, "c2"))) == errc::unavailable));
  }
  BOOST_TEST(!holds(*log, "c2"));
  disk.mend();
  BOOST_TEST(!holds(crash_site(place.path()).log(), "c2"));
  store(*log, a_commit("7", 2, "c2"));
  BOOST_TEST(must(log->read_category("identity", 1, 10)).size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_batch_larger_than_the_cache_on_a_full_disk_is_rolled_back_whole) {
  faulty_disk disk;
  temporary_directory place;
  log_options small;
  small.cache_bytes = 64 << 10;
  auto log = must(open_event_log(place.path(), small));
  store(*log, a_commit("7", 1, "c1"));
  std::vector<append_request> requests;
  for (int i = 0; i < 200; ++i) {
    requests.push_back({{a_commit("b" + std::to_string(i), 1, "b" + std::to_string(i), 5000)}});
  }
  disk.fail_writes(SQLITE_FULL);
  for (const auto& one : log->append(requests, {})) {
    BOOST_TEST((failure_of(one) == errc::unavailable));
  }
  disk.mend();
  BOOST_TEST(must(log->read_category("identity", 1, 1000)).size() == 1U);
  for (const auto& one : log->append(requests, {})) BOOST_TEST(one.positions.size() == 1U);
  BOOST_TEST(must(log->read_category("identity", 1, 1000)).size() == 201U);
}

BOOST_AUTO_TEST_CASE(what_was_written_before_a_failure_is_rolled_back) {
  const temporary_directory place;
  auto log = must(open_event_log(place.path()));
  store(*log, a_commit("7", 1, "c1"));
  // Fails the statement and leaves the transaction open, as SQLite itself does not on a full disk.
  const auto other = must(database::open(place.path() / "log.db", database::mode::read_write));
  BOOST_REQUIRE(
      other->execute("CREATE TRIGGER planted BEFORE INSERT ON outcomes BEGIN SELECT RAISE(ABORT, "
                     "'planted'); END"));
  const append_request request{{a_commit("7", 2, "c2")}};
  kept_outcome kept;
  kept.command_id = "c3";
  const auto results = log->append({&request, 1}, {&kept, 1});
  BOOST_TEST(results.size() == 2U);
  for (const auto& one : results) failure_of(one);
  BOOST_TEST(!holds(*log, "c2"));
  BOOST_REQUIRE(other->execute("DROP TRIGGER planted"));
  store(*log, a_commit("7", 2, "c2"));
}

// The pages of a commit whose flush failed are in the file. Without the fence a crash would bring
// them back.
BOOST_AUTO_TEST_CASE(a_commit_reported_as_not_stored_does_not_come_back_after_a_crash) {
  faulty_disk disk;
  temporary_directory place;
  auto log = must(open_event_log(place.path()));
  store(*log, a_commit("7", 1, "c1"));
  disk.fail_syncs(SQLITE_IOERR_FSYNC, 1);
  BOOST_TEST((failure_of(append(*log, a_commit("7", 2, "c2"))) == errc::unavailable));
  BOOST_TEST(!holds(*log, "c2"));
  crash_site after(place.path());
  BOOST_TEST(holds(after.log(), "c1"));
  BOOST_TEST(!holds(after.log(), "c2"));
  store(*log, a_commit("7", 2, "c3"));
}

BOOST_AUTO_TEST_CASE(
    a_commit_in_doubt_is_said_to_be_so_and_cannot_be_looked_up_until_it_is_settled) {
  faulty_disk disk;
  temporary_directory place;
  auto log = must(open_event_log(place.path()));
  store(*log, a_commit("7", 1, "c1"));
  disk.fail_syncs(SQLITE_IOERR_FSYNC);
  BOOST_TEST((failure_of(append(*log, a_commit("7", 2, "c2"))) == errc::in_doubt));
  // A crash now might find it stored: so nobody may be told that it is not.
  const auto looked_up = log->find_command("c2");
  BOOST_TEST_REQUIRE(!looked_up.has_value());
  BOOST_TEST((looked_up.error().code == errc::unavailable));
  BOOST_TEST(!log->read_stream({"identity", "7"}, 1, 10).has_value());
  BOOST_TEST(!log->head("identity").has_value());
  BOOST_TEST(!log->maintain({}).has_value());
  BOOST_TEST((failure_of(append(*log, a_commit("8", 1, "c3"))) == errc::unavailable));

  disk.mend();
  BOOST_TEST(!holds(*log, "c2"));
  BOOST_TEST(!holds(crash_site(place.path()).log(), "c2"));
  store(*log, a_commit("7", 2, "c2"));
  BOOST_TEST(must(log->read_stream({"identity", "7"}, 1, 10)).size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_write_ahead_log_that_was_cut_or_garbled_leaves_whole_commits_in_order) {
  temporary_directory place;
  auto log = must(open_event_log(place.path()));
  for (int i = 1; i <= 8; ++i) {
    const auto name = std::to_string(i);
    const append_request two{{a_commit("7", static_cast<version_t>(2 * i - 1), name + "a"),
                              a_commit("7", static_cast<version_t>(2 * i), name + "b")}};
    BOOST_TEST_REQUIRE(!log->append({&two, 1}, {}).front().failure.has_value());
  }
  const auto size = std::filesystem::file_size(place / "log.db-wal");
  std::set<std::size_t> kept;
  for (std::uintmax_t end = size; end > size / 4; end -= size / 40) {
    for (const bool garbled : {false, true}) {
      temporary_directory after;
      for (const auto* file : {"log.db", "log.db-wal"})
        std::filesystem::copy_file(place / file, after / file);
      std::filesystem::resize_file(after / "log.db-wal", end);
      if (garbled) std::filesystem::resize_file(after / "log.db-wal", size);
      auto recovered = must(open_event_log(after.path()));
      const auto all = must(recovered->read_stream({"identity", "7"}, 1, 100));
      // One flush held two commits.
      BOOST_TEST(all.size() % 2 == 0U, end);
      kept.insert(all.size());
      for (std::size_t i = 0; i < all.size(); ++i) BOOST_TEST(all[i].position == i + 1);
      store(*recovered, a_commit("7", all.size() + 1, "next"));
    }
  }
  BOOST_TEST(kept.contains(16));
  BOOST_TEST(kept.size() > 3U);
}

BOOST_AUTO_TEST_CASE(maintenance_says_why_the_log_cannot_be_written_until_it_can_be) {
  faulty_disk disk;
  temporary_directory place;
  auto log = must(open_event_log(place.path()));
  store(*log, a_commit("7", 1, "c1"));
  disk.fail_writes(SQLITE_FULL);
  BOOST_TEST((failure_of(append(*log, a_commit("7", 2, "c2"))) == errc::unavailable));
  for (int i = 0; i < 3; ++i) {
    const auto kept_up = log->maintain({});
    BOOST_TEST_REQUIRE(!kept_up.has_value());
    BOOST_TEST(kept_up.error().message.find("full") != std::string::npos, kept_up.error().message);
  }
  disk.mend();
  must(log->maintain({}));
  store(*log, a_commit("7", 2, "c2"));
}

BOOST_AUTO_TEST_CASE(after_a_failed_write_the_log_works_again_when_the_disk_does) {
  faulty_disk disk;
  temporary_directory place;
  auto log = must(open_event_log(place.path()));
  for (int i = 0; i < 5; ++i) {
    disk.fail_writes(SQLITE_IOERR_WRITE, i + 1);
    BOOST_TEST(
        append(*log, a_commit("7", static_cast<version_t>(i) + 1, "lost" + std::to_string(i)))
            .failure.has_value());
    disk.mend();
    store(*log, a_commit("7", static_cast<version_t>(i) + 1, "kept" + std::to_string(i)));
  }
  log.reset();
  log = must(open_event_log(place.path()));
  const auto all = must(log->read_category("identity", 1, 100));
  BOOST_TEST_REQUIRE(all.size() == 5U);
  for (const auto& one : all) BOOST_TEST(one.data.command_id.starts_with("kept"));
}

/// Appends batch number `i` of twenty commits, some 160 KiB of write-ahead log.
void append_batch(event_log& log, int i) {
  std::vector<append_request> requests;
  for (int j = 0; j < 20; ++j) {
    const auto name = std::to_string(i) + "-" + std::to_string(j);
    requests.push_back({{a_commit(name, 1, name, 4000)}});
  }
  for (const auto& one : log.append(requests, {})) BOOST_TEST(!one.failure.has_value());
}

BOOST_AUTO_TEST_CASE(maintenance_bounds_the_write_ahead_log) {
  temporary_directory place;
  log_options options;
  options.wal_bytes = 1 << 20;
  auto log = must(open_event_log(place.path(), options));
  std::uintmax_t largest = 0;
  for (int i = 0; i < 150; ++i) {
    append_batch(*log, i);
    BOOST_TEST(log->maintain({}).has_value());
    largest = std::max(largest, std::filesystem::file_size(place / "log.db-wal"));
  }
  // Some 25 MiB went through it.
  BOOST_TEST(largest < (2U << 20U));
}

BOOST_AUTO_TEST_CASE(what_maintenance_copies_is_flushed_even_if_more_is_left_to_copy) {
  faulty_disk disk;
  temporary_directory place;
  auto log = must(open_event_log(place.path()));
  append_batch(*log, 1);
  {
    // Nothing that is newer than what a reader sees can be copied.
    auto reader = must(database::open(place / "log.db", database::mode::read_only));
    must(reader->begin());
    BOOST_TEST(must(reader->number("SELECT count(*) FROM commits")) == 20);
    append_batch(*log, 2);
    const auto before = disk.flushed_files();
    must(log->maintain({}));
    BOOST_TEST(disk.flushed_files() == before + 1);
    // And nothing where there is nothing new.
    must(log->maintain({}));
    BOOST_TEST(disk.flushed_files() == before + 1);
    reader->rollback();
  }
  log.reset();
}

BOOST_AUTO_TEST_CASE(maintenance_goes_on_beside_appends) {
  temporary_directory place;
  log_options options;
  options.wal_bytes = 1 << 20;
  auto log = must(open_event_log(place.path(), options));
  std::atomic<bool> done = false;
  std::thread keeper([&] {
    while (!done) static_cast<void>(log->maintain({}));
  });
  constexpr int batches = 150;
  for (int i = 0; i < batches; ++i) append_batch(*log, i);
  done = true;
  keeper.join();
  BOOST_TEST(must(log->read_category("identity", 1, 100'000)).size() == batches * 20U);
}

BOOST_AUTO_TEST_CASE(outcomes_older_than_a_day_go_a_few_at_a_time) {
  temporary_directory place;
  auto log = must(open_event_log(place.path()));
  const auto hour = [](int hours) { return timestamp(std::chrono::hours(hours)); };
  std::vector<kept_outcome> old(500);
  for (std::size_t i = 0; i < old.size(); ++i) {
    old[i].command_id = "old" + std::to_string(i);
    old[i].outcome.stream = {"identity", "7"};
    old[i].time = hour(1);
  }
  log->append({}, old);
  auto fresh = old.front();
  fresh.command_id = "fresh";
  fresh.time = hour(20);
  log->append({}, {&fresh, 1});
  const auto left = [&] {
    int count = 0;
    for (const auto& one : old)
      count += must(log->find_outcome(one.command_id)).has_value() ? 1 : 0;
    return count;
  };
  must(log->maintain(hour(24)));
  BOOST_TEST(left() == 500);
  must(log->maintain(hour(26)));
  BOOST_TEST(left() == 300);
  for (int i = 0; i < 5; ++i) must(log->maintain(hour(26)));
  BOOST_TEST(left() == 0);
  BOOST_TEST(must(log->find_outcome("fresh")).has_value());
}

BOOST_AUTO_TEST_CASE(outcomes_also_expire_while_commits_come_in) {
  temporary_directory place;
  auto log = must(open_event_log(place.path()));
  kept_outcome old;
  old.command_id = "old";
  old.outcome.stream = {"identity", "7"};
  log->append({}, {&old, 1});
  for (int i = 0; i < 3; ++i) {
    must(log->maintain(timestamp(std::chrono::hours(48))));
    store(*log, a_commit("7", static_cast<version_t>(i) + 1, std::to_string(i)));
  }
  BOOST_TEST(!must(log->find_outcome("old")).has_value());
}

BOOST_AUTO_TEST_CASE(a_snapshot_that_the_log_does_not_bear_out_is_none) {
  temporary_directory place;
  auto log = must(open_event_log(place.path()));
  store(*log, a_commit("7", 1, "c1"));
  const auto position = must(log->head("identity"));
  must(log->save_snapshot({{"identity", "8"}, 2, position, "s", 1}));
  BOOST_TEST(!must(log->load_snapshot({"identity", "8"})).has_value());
  must(log->save_snapshot({{"identity", "7"}, 1, position, "s", 1}));
  BOOST_TEST(must(log->load_snapshot({"identity", "7"})).has_value());
  log.reset();
  // As after restoring an older log.db beside newer snapshots.
  for (const auto* file : {"log.db", "log.db-wal", "log.db-shm"})
    std::filesystem::remove(place / file);
  log = must(open_event_log(place.path()));
  BOOST_TEST(!must(log->load_snapshot({"identity", "7"})).has_value());
}

BOOST_AUTO_TEST_CASE(a_damaged_snapshot_file_is_made_anew) {
  temporary_directory place;
  must(open_event_log(place.path())).reset();
  std::ofstream(place / "snapshots.db") << std::string(5000, 'z');
  auto log = must(open_event_log(place.path()));
  store(*log, a_commit("7", 1, "c1"));
  must(log->save_snapshot({{"identity", "7"}, 1, 1, "s", 1}));
  BOOST_TEST(must(log->load_snapshot({"identity", "7"})).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe::sqlite
