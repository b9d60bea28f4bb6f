// `troupe check` on real data directories: a clean one passes, and every kind of planted damage is
// found and named.
#include "runtime/node/check_command.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "bridges/sqlite/database.hpp"
#include "bridges/sqlite/directory_check.hpp"
#include "bridges/sqlite/sqlite_event_log.hpp"
#include "bridges/sqlite/sqlite_view_store.hpp"
#include "runtime/host/counter.test.hpp"
#include "runtime/host/event_batch.hpp"
#include "runtime/host/loaded_entity.hpp"
#include "runtime/host/projection_batch.hpp"
#include "runtime/node/verify_log.hpp"
#include "runtime/node/verify_view.hpp"
#include "test/contract/contract.hpp"
#include "test/contract/temporary_directory.hpp"

namespace troupe {
namespace {

using contract::must;
using contract::temporary_directory;

constexpr int entities = 10;
constexpr int commits_of_each = 4;

std::string entity(int number) { return "e" + std::to_string(number); }

/// What a run of the command came to.
struct outcome {
  int status = 0;
  std::string out;
  std::string err;

  [[nodiscard]] bool says(const std::string& line) const {
    return ("\n" + out).find("\n" + line) != std::string::npos;
  }
};

/// A data directory as a node leaves it: ten counters with four commits each, their view, and a
/// snapshot of the first. Positions 1 to 10 hold the first commits, 11 to 20 the second ones.
class directory {
 public:
  directory() {
    auto held = must(sqlite::data_directory::open(place_.path()));
    auto log = must(sqlite::open_event_log(held));
    auto views = must(sqlite::open_views(held));
    for (version_t version = 1; version <= commits_of_each; ++version) {
      for (int i = 0; i < entities; ++i) append(*log, entity(i), version);
    }
    auto store = must(views->open("counting", database_role::views));
    must(store->migrate(must(parse_migrations(feature_.migrations(database_role::views))),
                        migration_mode::apply));
    const auto batch = must(host::read_batch(*log, "counting", 1, 1'000));
    host::parking none;
    none.park_now = [](const host::event_place&) { return true; };
    const auto applied =
        host::apply_batch(*feature_.projections()[0].kernel, *store, 0, batch, none, {});
    BOOST_TEST_REQUIRE(std::holds_alternative<host::applied_batch>(applied));
    const auto& kernel = *feature_.aggregates()[0].kernel;
    const auto then = must(host::load_entity(*log, kernel, {"counting", "e0"}, 3));
    must(log->save_snapshot({{"counting", "e0"},
                             3,
                             then.position,
                             host::snapshot_schema(kernel, then.last_command),
                             then.state->state()}));
  }

  void sql(const std::string& file, const std::string& script) const {
    auto opened = must(sqlite::database::open(place_ / file, sqlite::database::mode::read_write,
                                              std::chrono::seconds(5)));
    must(opened->execute(script));
  }

  [[nodiscard]] outcome check(bool as_json = false, bool terminal = false) const {
    std::ostringstream out;
    std::ostringstream err;
    const std::vector<feature> features{counting::feature()};
    const int status = run_check({place_.path().string(), as_json}, features,
                                 sqlite::open_for_check, {out, err, terminal}, time_);
    return {status, out.str(), err.str()};
  }

  /// Checks, and wants damage with this line among the findings.
  void finds(const std::string& line) const {
    const auto checked = check();
    BOOST_TEST(checked.status == 1);
    BOOST_TEST(checked.says(line), "no line '" << line << "' in:\n" << checked.out);
  }

  [[nodiscard]] const std::filesystem::path& path() const { return place_.path(); }

 private:
  static void append(event_log& log, const std::string& id, version_t version) {
    const envelope event{"event", "Added", json::object(), {{"amount", static_cast<int>(version)}}};
    const append_request one{{{{"counting", id},
                               version,
                               1,
                               id + "-" + std::to_string(version),
                               0,
                               encode_body({&event, 1}),
                               {}}}};
    BOOST_TEST_REQUIRE(!log.append({&one, 1}, {}).front().failure.has_value());
  }

  temporary_directory place_;
  system_clock time_;
  const feature feature_ = counting::feature();
};

const std::string views = "views/counting.db";

BOOST_AUTO_TEST_SUITE(checks)

BOOST_FIXTURE_TEST_CASE(a_clean_directory_passes, directory) {
  const auto checked = check();
  BOOST_TEST(checked.status == 0);
  BOOST_TEST(checked.out ==
             "40 events in 40 commits of 10 entities, 1 snapshots, 10 rows, 0 parked events: "
             "clean\n");
  BOOST_TEST(checked.err.find("views/counting.db: view totals") != std::string::npos);
  // And has been left as it was.
  BOOST_TEST(check().status == 0);
}

BOOST_FIXTURE_TEST_CASE(a_terminal_sees_how_far_it_has_come, directory) {
  const auto checked = check(false, true);
  for (const std::string what : {"log.db: category counting", "views/counting.db: view totals"}) {
    const auto bar = what + " [####################] 100 %, 40 positions";
    BOOST_TEST(checked.err.find(bar) != std::string::npos, checked.err);
  }
  BOOST_TEST(checked.err.ends_with("\r\x1b[K"));
}

BOOST_FIXTURE_TEST_CASE(programs_get_one_document, directory) {
  sql(views, "UPDATE totals SET total = 99 WHERE id = 'e3'");
  const auto checked = check(true);
  BOOST_TEST(checked.status == 1);
  BOOST_TEST(checked.err.empty());
  const auto document = json::parse(checked.out);
  BOOST_TEST((document["status"] == "damaged"));
  BOOST_TEST(document["findingsTotal"] == 1);
  BOOST_TEST((document["findings"][0] ==
              json{{"file", views},
                   {"stream", "counting.e3"},
                   {"position", 34},
                   {"what", "row 'e3' of 'totals' differs from the replay in 'total'"}}));
}

BOOST_FIXTURE_TEST_CASE(a_directory_in_use_is_refused, directory) {
  const auto held = must(sqlite::data_directory::open(path()));
  const auto checked = check();
  BOOST_TEST(checked.status == 2);
  BOOST_TEST(checked.err.find("is in use by process") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_directory_without_a_log_is_refused_and_not_made) {
  temporary_directory place;
  std::ostringstream out;
  std::ostringstream err;
  const auto missing = place / "missing";
  BOOST_TEST(run_check({missing.string(), false}, {}, sqlite::open_for_check, {out, err},
                       system_clock()) == 2);
  BOOST_TEST(err.str().find("there is no log.db in") != std::string::npos);
  BOOST_TEST(!std::filesystem::exists(missing));
}

BOOST_FIXTURE_TEST_CASE(a_damaged_page_is_found_by_sqlite, directory) {
  sql("log.db", "PRAGMA wal_checkpoint(TRUNCATE)");
  {
    std::fstream file(path() / "log.db", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(2 * 4096);
    file << std::string(64, '\xff');
  }
  const auto checked = check();
  BOOST_TEST(checked.status == 1);
  BOOST_TEST(checked.says("log.db: "), checked.out);
}

BOOST_FIXTURE_TEST_CASE(a_file_that_is_no_database_any_more_is_found, directory) {
  std::ofstream(path() / views) << std::string(9'000, 'z');
  finds("views/counting.db: ");
}

BOOST_FIXTURE_TEST_CASE(a_lost_commit_is_found, directory) {
  sql("log.db", "DELETE FROM commits WHERE command_id = 'e2-4'");
  finds("log.db: stream counting.e2, position 33: the commit with version 4 is lost");
}

BOOST_FIXTURE_TEST_CASE(a_commit_that_its_stream_does_not_show_is_found, directory) {
  sql("log.db", "DELETE FROM streams WHERE id = 'e2' AND first_version = 4");
  finds("log.db: stream counting.e2, position 33: its stream does not show it as version 4");
}

BOOST_FIXTURE_TEST_CASE(a_hole_in_the_versions_is_found, directory) {
  sql("log.db",
      "DELETE FROM commits WHERE command_id = 'e2-2';"
      "DELETE FROM streams WHERE id = 'e2' AND first_version = 2");
  finds("log.db: stream counting.e2, position 23: version 2, which comes before it, is missing");
}

BOOST_FIXTURE_TEST_CASE(an_event_that_cannot_be_read_is_found_in_the_log_and_in_the_view,
                        directory) {
  sql("log.db",
      "UPDATE commits SET body = replace(body, '\"amount\":2', '\"amount\":\"2\"') "
      "WHERE command_id = 'e2-2'");
  finds("log.db: stream counting.e2, position 13: event 2 cannot be read: Added: ");
  finds(
      "views/counting.db: stream counting.e2, position 13: an event that cannot be applied is not "
      "parked: ");
}

BOOST_FIXTURE_TEST_CASE(a_body_that_is_no_json_is_found, directory) {
  sql("log.db", "UPDATE commits SET body = 'x' WHERE command_id = 'e2-2'");
  finds("log.db: stream counting.e2, position 13: ");
}

BOOST_FIXTURE_TEST_CASE(a_command_id_used_twice_is_found, directory) {
  sql("log.db",
      "DROP INDEX commits_by_command; UPDATE commits SET command_id = 'e1-1' WHERE command_id = "
      "'e2-2'; CREATE INDEX commits_by_command ON commits (command_id)");
  finds(
      "log.db: stream counting.e2, position 13: its command e1-1 is also in counting.e1 at "
      "position 2");
}

BOOST_FIXTURE_TEST_CASE(a_snapshot_that_differs_from_its_events_is_found, directory) {
  sql("snapshots.db", "UPDATE snapshots SET state = '{\"total\":7}'");
  finds(
      "snapshots.db: stream counting.e0, position 21: the snapshot of version 3 is not what its "
      "events fold to");
}

BOOST_FIXTURE_TEST_CASE(a_snapshot_of_another_form_is_no_damage, directory) {
  sql("snapshots.db", "UPDATE snapshots SET state = '{\"sum\":7}', schema = 'older'");
  BOOST_TEST(check().status == 0);
  BOOST_TEST(json::parse(check(true).out)["outdatedSnapshots"] == 1);
}

BOOST_FIXTURE_TEST_CASE(rows_that_are_missing_or_too_many_are_found, directory) {
  sql(views,
      "DELETE FROM totals WHERE id = 'e1'; INSERT INTO totals VALUES ('nobody', 1);"
      "UPDATE totals SET total = NULL WHERE id = 'e2'");
  const auto checked = check();
  BOOST_TEST(checked.status == 1);
  BOOST_TEST(checked.says(
      "views/counting.db: stream counting.e1, position 32: row 'e1' of 'totals' is missing"));
  BOOST_TEST(checked.says("views/counting.db: row 'nobody' of 'totals' should not be there"));
  BOOST_TEST(checked.says(
      "views/counting.db: stream counting.e2, position 33: row 'e2' of 'totals' cannot be read: "));
  BOOST_TEST(checked.out.ends_with("3 findings\n"));
}

BOOST_FIXTURE_TEST_CASE(a_view_that_is_behind_is_compared_up_to_its_checkpoint, directory) {
  sql(views, "UPDATE troupe_checkpoints SET position = 10; UPDATE totals SET total = 1");
  BOOST_TEST(check().status == 0);
  sql(views, "UPDATE troupe_checkpoints SET position = 20");
  BOOST_TEST(check().status == 1);
}

BOOST_FIXTURE_TEST_CASE(a_checkpoint_ahead_of_the_log_is_found, directory) {
  sql(views, "UPDATE troupe_checkpoints SET position = 41");
  finds(
      "views/counting.db: position 41: the checkpoint of 'totals' is ahead of the log, which ends "
      "at 40");
}

std::string letter(int position, int version, const std::string& id) {
  return "INSERT INTO troupe_dead_letters (projector, \"key\", category, entity, position, "
         "version, event_id, type, reason, time) VALUES ('totals', '" +
         id + "', 'counting', '" + id + "', " + std::to_string(position) + ", " +
         std::to_string(version) + ", 'event', 'Added', 'planted', 0);";
}

BOOST_FIXTURE_TEST_CASE(parked_events_are_accounted_for, directory) {
  sql(views,
      letter(23, 3, "e2") + letter(33, 4, "e2") + "UPDATE totals SET total = 3 WHERE id = 'e2'");
  const auto checked = check();
  BOOST_TEST(checked.status == 0, checked.out);
  BOOST_TEST(checked.out.find("2 parked events") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(an_event_that_overtook_a_parked_one_is_found, directory) {
  sql(views, letter(23, 3, "e2") + "UPDATE totals SET total = 7 WHERE id = 'e2'");
  finds(
      "views/counting.db: stream counting.e2, position 33: an event was applied although an "
      "earlier "
      "one of 'e2' is parked");
}

BOOST_FIXTURE_TEST_CASE(a_parked_event_that_is_not_in_the_log_is_found, directory) {
  sql(views, letter(23, 9, "e2") + letter(77, 1, "e2"));
  const auto checked = check();
  BOOST_TEST(
      checked.says("views/counting.db: position 23: an event is parked under 'e2' that the "
                   "log does not hold"));
  BOOST_TEST(
      checked.says("views/counting.db: stream counting.e2, position 77: an event is parked "
                   "beyond the checkpoint 40"));
}

BOOST_FIXTURE_TEST_CASE(a_view_with_more_rows_than_fit_is_verified_in_parts, directory) {
  sql(views,
      "UPDATE totals SET total = 99 WHERE id IN ('e3', 'e8'); DELETE FROM totals WHERE id = "
      "'e5'");
  const auto held = must(sqlite::data_directory::open(path()));
  const auto log = must(sqlite::open_event_log(held));
  const auto provider = must(sqlite::open_views(held));
  const auto store = must(provider->open("counting", database_role::views));
  const detail::typed_projector<counting::totals> kernel;
  for (const std::size_t max_rows : {1U, 2U, 3U, 100U}) {
    std::vector<std::string> found;
    verified_counts counts;
    verify_view(
        *log, {kernel, *store, views}, max_rows,
        [&](const finding& one) { found.push_back(one.what); }, counts,
        [](position_t, position_t) {});
    std::ranges::sort(found);
    BOOST_TEST(
        (found ==
         std::vector<std::string>{"row 'e3' of 'totals' differs from the replay in 'total'",
                                  "row 'e5' of 'totals' is missing",
                                  "row 'e8' of 'totals' differs from the replay in 'total'"}),
        max_rows);
    BOOST_TEST(counts.rows == 9U);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
