// What is PostgreSQL's own: the rest is in test/contract.
#include "bridges/postgres/postgres_view_store.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bridges/postgres/proxy.test.hpp"
#include "test/contract/contract.hpp"
#include "test/contract/postgres_server.hpp"

namespace troupe::postgres {
namespace {

using contract::must;
using contract::postgres_server;
using namespace std::string_literals;

const view_table things{"things", "id"};

const std::vector<migration> first_step = {
    {1, "create_things",
     "CREATE TABLE things (id uuid PRIMARY KEY, name text NOT NULL, n integer, flag boolean, extra "
     "jsonb, at timestamptz, day date, size integer GENERATED ALWAYS AS (length(name)) STORED, "
     "kept text DEFAULT 'default'); CREATE UNIQUE INDEX things_name ON things (name);",
     "DROP TABLE things;"}};

std::string an_id(int number) {
  auto digits = std::to_string(number);
  return "00000000-0000-5000-8000-" + std::string(12 - digits.size(), '0') + digits;
}

json a_thing(int number, const std::string& name) {
  return {{"id", an_id(number)}, {"name", name}};
}

class fixture {
 public:
  fixture() { must(store().migrate(first_step, migration_mode::apply)); }
  view_store& store() { return *store_; }

  result<void> put(const std::vector<json>& rows) {
    const auto from = must(store().checkpoint("p"));
    auto transaction = must(store().begin("p", from, from + 1));
    if (auto done = transaction->upsert(things, rows); !done) return done;
    return transaction->commit();
  }

  /// As a projector does: looks for what is there first. `between` happens between the two.
  result<void> look_and_put(
      const std::vector<json>& rows, const std::function<void()>& between = [] {}) {
    std::vector<std::string> keys;
    for (const auto& row : rows) keys.push_back(row.at("id"));
    const auto from = must(store().checkpoint("p"));
    auto transaction = must(store().begin("p", from, from + 1));
    must(transaction->fetch(things, keys));
    between();
    if (auto done = transaction->upsert(things, rows); !done) return done;
    return transaction->commit();
  }

  /// Another program.
  std::string psql(const std::string& sql) const {
    return postgres_server::shared().psql(sql, url_.substr(url_.rfind('=') + 1));
  }
  [[nodiscard]] const std::string& url() const { return url_; }

 private:
  std::string url_ = postgres_server::shared().fresh_schema();
  std::unique_ptr<view_store> store_ = must(open_view_store(url_));
};

template <class T>
void check_refused(const result<T>& answer, errc code, const std::string& part) {
  BOOST_TEST_REQUIRE(!answer.has_value());
  BOOST_TEST(to_string(answer.error().code) == std::string(to_string(code)));
  BOOST_TEST(answer.error().message.find(part) != std::string::npos, answer.error().message);
}
template <class T>
void check_invalid(const result<T>& answer, const std::string& part) {
  check_refused(answer, errc::invalid, part);
}

BOOST_AUTO_TEST_SUITE(postgres_view_store)

BOOST_AUTO_TEST_CASE(rows_have_the_types_that_the_migration_declares) {
  fixture views;
  auto row = a_thing(1, "Zoë");
  row.update({{"n", 7},
              {"flag", true},
              {"extra", {{"a", {1, nullptr}}}},
              {"at", "2026-01-31T12:34:56.789Z"},
              {"day", "2026-02-01"}});
  must(views.put({row}));
  BOOST_TEST(
      views.psql("SELECT id, n + 1, flag AND true, extra -> 'a' ->> 0, at + interval '1 hour' "
                 "= '2026-01-31T13:34:56.789Z', day + 1, pg_typeof(at) FROM things") ==
      "00000000-0000-5000-8000-000000000001|8|t|1|t|2026-02-02|timestamp with time zone\n");
  const auto read = must(views.store().get(things, an_id(1))).value();
  BOOST_TEST(read.at("at") == row.at("at"));
  BOOST_TEST(read.at("day") == row.at("day"));
  BOOST_TEST(read.at("size") == 3);
  BOOST_TEST(read.at("kept") == "default");
}

/// Enough to be worth a COPY.
std::vector<json> many_things(int from = 0) {
  std::vector<json> rows;
  for (int i = from; i < from + 100; ++i) rows.push_back(a_thing(i, "thing " + std::to_string(i)));
  return rows;
}

BOOST_AUTO_TEST_CASE(many_new_rows_are_copied_and_look_the_same) {
  auto rows = many_things();
  const std::vector<std::string> odd = {"\t",    "\n",      "\r",   "\\", "\\N",   "\\.",
                                        "a\\tb", "\"{},\"", "NULL", "",   "Zoë 🚀", "\x01\x7f"};
  for (std::size_t i = 0; i < odd.size(); ++i) {
    rows[i].update({{"name", odd[i]}, {"kept", odd[i]}, {"extra", {{"text", odd[i]}}}});
  }
  rows[20].update({{"n", -7}, {"flag", false}, {"at", "2026-01-31T12:34:56.789Z"}});
  rows[21].update({{"n", nullptr}, {"day", "2026-02-01"}, {"extra", nullptr}});
  rows.push_back(a_thing(50, "the last of its key"));
  fixture copied;
  fixture upserted;
  must(copied.look_and_put(rows));
  must(upserted.put(rows));
  for (int i = 0; i < 100; ++i) {
    const auto one = must(copied.store().get(things, an_id(i)));
    BOOST_TEST_REQUIRE(one.has_value());
    BOOST_TEST(*one == must(upserted.store().get(things, an_id(i))).value());
  }
  for (std::size_t i = 0; i < odd.size(); ++i)
    BOOST_TEST(must(copied.store().get(things, an_id(static_cast<int>(i))))->at("name") == odd[i]);
}

BOOST_AUTO_TEST_CASE(rows_are_copied_only_where_none_was_there) {
  fixture views;
  // PostgreSQL knows no ON CONFLICT where a rule sees inserts, and COPY passes rules by.
  views.psql("CREATE RULE seen AS ON INSERT TO things DO ALSO SELECT 1");
  const auto rows = many_things();
  must(views.look_and_put(rows));
  BOOST_TEST(!views.look_and_put(rows).has_value());
  BOOST_TEST(!views.put({a_thing(200, "alone")}).has_value());
  views.psql("DROP RULE seen ON things");
  must(views.look_and_put(rows));
}

BOOST_AUTO_TEST_CASE(a_row_that_comes_between_costs_one_more_try) {
  fixture views;
  const auto rows = many_things();
  const auto meddle = [&] {
    views.psql("INSERT INTO things (id, name) VALUES ('" + an_id(7) + "', 'mine')");
  };
  BOOST_TEST(!views.look_and_put(rows, meddle).has_value());
  BOOST_TEST(views.psql("SELECT count(*) FROM things") == "1\n");
  must(views.look_and_put(rows));
  BOOST_TEST(views.psql("SELECT name FROM things WHERE id = '" + an_id(7) + "'") == "thing 7\n");
}

// That they are not looked for shows where somebody else has put one of them there meanwhile.
BOOST_AUTO_TEST_CASE(rows_that_a_table_filled_from_the_beginning_cannot_have_are_not_looked_for) {
  fixture views;
  must(views.look_and_put(many_things()));
  must(views.look_and_put(many_things(100)));
  views.psql("INSERT INTO things (id, name) VALUES ('" + an_id(250) + "', 'mine')");
  BOOST_TEST(!views.look_and_put(many_things(200)).has_value());
  BOOST_TEST(views.psql("SELECT count(*), max(name) FILTER (WHERE id = '" + an_id(250) +
                        "') FROM things") == "201|mine\n");
  must(views.look_and_put(many_things(200)));
  BOOST_TEST(views.psql("SELECT count(*), max(name) FILTER (WHERE id = '" + an_id(250) +
                        "') FROM things") == "300|thing 250\n");
}

BOOST_AUTO_TEST_CASE(rows_that_were_written_are_found_among_others_that_were_not) {
  fixture views;
  must(views.look_and_put(many_things()));
  const auto from = must(views.store().checkpoint("p"));
  const auto transaction = must(views.store().begin("p", from, from + 1));
  std::vector<std::string> keys;
  for (int i = 50; i < 150; ++i) keys.push_back(an_id(i));
  const auto found = must(transaction->fetch(things, keys));
  BOOST_TEST(found.size() == 50U);
  must(transaction->upsert(things, many_things(50)));
  must(transaction->commit());
  BOOST_TEST(views.psql("SELECT count(*) FROM things") == "150\n");
}

BOOST_AUTO_TEST_CASE(a_row_that_was_not_looked_for_is_never_written_over) {
  fixture views;
  must(views.look_and_put(many_things()));
  views.psql("INSERT INTO things (id, name) VALUES ('" + an_id(150) + "', 'mine')");
  const auto from = must(views.store().checkpoint("p"));
  const auto transaction = must(views.store().begin("p", from, from + 1));
  std::vector<std::string> keys;
  for (int i = 100; i < 200; ++i) keys.push_back(an_id(i));
  BOOST_TEST(must(transaction->fetch(things, keys)).empty());
  // Of all those only this one came to have a row.
  BOOST_TEST(!transaction->upsert(things, std::vector<json>{a_thing(150, "new")}).has_value());
  BOOST_TEST(views.psql("SELECT name FROM things WHERE id = '" + an_id(150) + "'") == "mine\n");
}

BOOST_AUTO_TEST_CASE(a_table_that_is_not_empty_at_the_beginning_costs_one_more_try) {
  fixture views;
  views.psql("INSERT INTO things (id, name) VALUES ('" + an_id(7) + "', 'of a migration')");
  BOOST_TEST(!views.look_and_put(many_things()).has_value());
  must(views.look_and_put(many_things()));
  BOOST_TEST(views.psql("SELECT count(*), max(name) FILTER (WHERE id = '" + an_id(7) +
                        "') FROM things") == "100|thing 7\n");
  must(views.store().reset("p", things));
  BOOST_TEST(views.psql("SELECT count(*) FROM things") == "0\n");
  must(views.look_and_put(many_things()));
}

BOOST_AUTO_TEST_CASE(a_table_that_somebody_reads_is_emptied_all_the_same) {
  fixture views;
  must(views.put(many_things()));
  const auto size = [&] { return views.psql("SELECT pg_relation_size('things') > 0"); };
  BOOST_TEST(size() == "t\n");
  {
    const auto reader = must(views.store().begin("another", 0, 1));
    BOOST_TEST(must(reader->fetch(things, std::vector{an_id(1)})).size() == 1U);
    must(views.store().reset("p", things));
    BOOST_TEST(views.psql("SELECT count(*) FROM things") == "0\n");
    BOOST_TEST(size() == "t\n");  // Its rows were deleted.
  }
  must(views.put(many_things()));
  must(views.store().reset("p", things));
  BOOST_TEST(size() == "f\n");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_copied_is_refused_as_it_is_otherwise) {
  fixture views;
  auto rows = many_things();
  rows[30]["n"] = "many";
  check_invalid(views.look_and_put(rows, [] {}), "column 'n'");
  rows[30]["n"] = 3'000'000'000;
  const auto copied = views.look_and_put(rows, [] {});
  const auto upserted = views.put(rows);
  BOOST_TEST_REQUIRE(!copied.has_value());
  BOOST_TEST_REQUIRE(!upserted.has_value());
  BOOST_TEST((copied.error().code == upserted.error().code), copied.error().message);
}

BOOST_AUTO_TEST_CASE(a_time_comes_back_as_the_same_moment_in_utc) {
  fixture views;
  const std::vector<std::pair<std::string, std::string>> times = {
      {"2026-01-31T12:34:56Z", "2026-01-31T12:34:56.000Z"},
      {"2026-01-31T12:34:56.1Z", "2026-01-31T12:34:56.100Z"},
      {"2026-01-31T12:34:56.123456Z", "2026-01-31T12:34:56.123456Z"},
      {"2026-01-31T12:34:56.120000Z", "2026-01-31T12:34:56.120Z"},
      {"2026-01-31T12:34:56.789+02:00", "2026-01-31T10:34:56.789Z"}};
  std::vector<json> rows;
  for (const auto& [given, expected] : times) {
    rows.push_back(a_thing(static_cast<int>(rows.size()), given));
    rows.back()["at"] = given;
  }
  must(views.put(rows));
  for (std::size_t i = 0; i < times.size(); ++i) {
    const auto row = must(views.store().get(things, an_id(static_cast<int>(i)))).value();
    BOOST_TEST(row.at("at") == times[i].second);
  }
  view_query query;
  query.order_by = "at";
  query.limit = 1;
  std::size_t rows_seen = 0;
  do {
    auto page = must(views.store().query(things, query));
    rows_seen += page.rows.size();
    query.after = page.next;
  } while (!query.after.empty());
  BOOST_TEST(rows_seen == times.size());
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
                  query.equals = {{"name\" = '' OR true --", "x"}};
                }),
                "no column");
  check_invalid(asked([](auto& query) { query.order_by = "ctid; DROP TABLE things"; }),
                "no column");
  check_invalid(asked([](auto& query) { query.order_by = "extra"; }), "ordered");
  check_invalid(asked([](auto& query) { query.equals = {{"flag", "maybe"}}; }), "true or false");
  check_invalid(asked([](auto& query) { query.equals = {{"n", "many"}}; }), "a number");
  const auto nobody = [](const result<view_page>& page) { return must(page).rows.empty(); };
  BOOST_TEST(nobody(asked([](auto& query) { query.equals = {{"id", "no uuid"}}; })));
  BOOST_TEST(nobody(asked([](auto& query) { query.equals = {{"n", "99999999999"}}; })));
  BOOST_TEST(nobody(asked([](auto& query) { query.equals = {{"n", "1.5"}}; })));
  check_invalid(views.put({{{"id", an_id(1)}, {"name", "a"}, {"nam", "x"}}}), "'nam'");
}

BOOST_AUTO_TEST_CASE(a_value_that_would_change_is_refused) {
  fixture views;
  const auto with = [](const char* column, json value) {
    json row = a_thing(1, "a");
    row[column] = std::move(value);
    return std::vector{row};
  };
  check_invalid(views.put(with("id", "00000000-0000-5000-8000-00000000000A")), "'id'");
  check_invalid(views.put(with("id", "1")), "'id'");
  check_invalid(views.put(with("name", 7)), "'name'");
  check_invalid(views.put(with("n", "7")), "'n'");
  check_invalid(views.put(with("n", 7.5)), "'n'");
  check_invalid(views.put(with("n", 3'000'000'000)), "integer");
  check_invalid(views.put(with("flag", 1)), "'flag'");
  check_invalid(views.put(with("size", 1)), "'size'");
  check_invalid(views.put(with("at", "yesterday")), "'at'");
  check_invalid(views.put(with("at", "2026-13-01T00:00:00Z")), "2026-13-01");
  check_invalid(views.put(with("name", nullptr)), "not-null");
  must(views.put(with("n", 7.0)));
  BOOST_TEST(must(views.store().get(things, an_id(1)))->at("n") == 7);
}

BOOST_AUTO_TEST_CASE(a_violated_constraint_ends_the_transaction_and_changes_nothing) {
  fixture views;
  must(views.put({a_thing(1, "a")}));
  auto transaction = must(views.store().begin("p", 1, 2));
  const std::vector<json> rows = {a_thing(2, "b"), a_thing(3, "a")};
  check_invalid(transaction->upsert(things, rows), "things_name");
  check_invalid(transaction->upsert(things, std::vector{a_thing(4, "d")}), "things_name");
  check_invalid(transaction->commit(), "things_name");
  BOOST_TEST(!must(views.store().get(things, an_id(2))).has_value());
  BOOST_TEST(must(views.store().checkpoint("p")) == 1U);
  must(views.put({a_thing(2, "b")}));
}

BOOST_AUTO_TEST_CASE(the_last_of_several_rows_with_one_key_counts) {
  fixture views;
  must(views.put({a_thing(1, "a"), a_thing(2, "b"), a_thing(1, "c")}));
  BOOST_TEST(must(views.store().get(things, an_id(1)))->at("name") == "c");
}

BOOST_AUTO_TEST_CASE(features_of_one_database_keep_their_own_records) {
  const auto url = postgres_server::shared().fresh_schema();
  auto provider = open_views([&](const std::string&, database_role) {
    return std::optional(database_place{url, true});
  });
  auto views = must(provider->open("one", database_role::views));
  auto own = must(provider->open("one", database_role::microservice));
  auto other = must(provider->open("two", database_role::views));
  const auto step = [](const std::string& table) {
    return std::vector<migration>{
        {1, table, "CREATE TABLE " + table + " (id text PRIMARY KEY)", "DROP TABLE " + table}};
  };
  must(views->migrate(step("a"), migration_mode::apply));
  check_invalid(own->migrate(step("b"), migration_mode::check),
                "x-migrations-table=schema_migrations_one_microservice");
  must(own->migrate(step("b"), migration_mode::apply));
  must(other->migrate(step("c"), migration_mode::apply));
  must(must(views->begin("p", 0, 5))->commit());
  auto parking = must(own->begin("p", 0, 7));
  must(parking->park(std::vector{
      dead_letter{0, "p", "k\0"s + '\xff', {"c", "i"}, 1, 1, "e", "t", "r", timestamp{}}}));
  must(parking->commit());
  BOOST_TEST(must(views->checkpoint("p")) == 5U);
  BOOST_TEST(must(own->checkpoint("p")) == 7U);
  BOOST_TEST(must(other->checkpoint("p")) == 0U);
  BOOST_TEST(must(views->dead_letters("", 0, 10)).empty());
  BOOST_TEST(must(own->dead_letters("", 0, 10)).size() == 1U);
  const auto schema = url.substr(url.rfind('=') + 1);
  BOOST_TEST(postgres_server::shared().psql(
                 "SELECT table_name FROM information_schema.tables WHERE table_schema = '" +
                     schema + "' AND table_name LIKE 'schema%' ORDER BY 1",
                 schema) ==
             "schema_migrations\nschema_migrations_one_microservice\nschema_migrations_two\n");
}

BOOST_AUTO_TEST_CASE(a_migration_that_fails_leaves_the_database_dirty) {
  fixture views;
  auto steps = first_step;
  steps.push_back({2, "break_things", "CREATE TABLE more (a uuid); SELECT nonsense;", ""});
  check_invalid(views.store().migrate(steps, migration_mode::apply), "migration 2 'break_things'");
  BOOST_TEST(views.psql("SELECT version, dirty FROM schema_migrations") == "2|t\n");
  BOOST_TEST(views.psql("SELECT to_regclass('more') IS NULL") == "t\n");
  check_invalid(views.store().migrate(steps, migration_mode::apply), "force");
  auto target = must(open_migration_target(views.url()));
  must(migrator(*target, steps, std::chrono::seconds(60)).force(1));
  must(views.store().migrate(first_step, migration_mode::check));
}

BOOST_AUTO_TEST_CASE(migrators_of_one_table_keep_each_other_out) {
  fixture views;
  auto first = must(open_migration_target(views.url()));
  auto second = must(open_migration_target(views.url()));
  must(first->lock(std::chrono::seconds(60)));
  check_refused(second->lock(std::chrono::milliseconds(50)), errc::unavailable,
                "timeout: can't acquire database lock");
  first->unlock();
  must(second->lock(std::chrono::seconds(60)));
}

/// A store whose way to the server can be cut, with a transaction that has changed a row.
class cut_commit {
 public:
  explicit cut_commit(cutting_proxy::cut how) {
    transaction_ = must(store_->begin("p", 0, 1));
    must(transaction_->upsert(things, std::vector{a_thing(1, "a")}));
    proxy_.cut_next(how);
    committed = transaction_->commit();
    BOOST_TEST(proxy_.cuts() == 1);
  }

  view_store& store() { return *store_; }
  /// Past the proxy.
  view_store& direct() { return views_.store(); }

  result<void> committed;

 private:
  [[nodiscard]] std::string url() const {
    auto text = views_.url();
    const auto port = std::to_string(postgres_server::shared().port());
    return text.replace(text.find(port), port.size(), std::to_string(proxy_.port()));
  }

  fixture views_;
  cutting_proxy proxy_{postgres_server::shared().port()};
  std::unique_ptr<view_store> store_ = must(open_view_store(url()));
  std::unique_ptr<view_transaction> transaction_;
};

BOOST_AUTO_TEST_CASE(a_commit_whose_answer_is_lost_is_known_to_be_stored) {
  cut_commit lost(cutting_proxy::cut::after_commit);
  must(lost.committed);
  BOOST_TEST(must(lost.store().checkpoint("p")) == 1U);
  BOOST_TEST(must(lost.store().get(things, an_id(1))).has_value());
}

BOOST_AUTO_TEST_CASE(a_commit_that_never_arrived_is_known_not_to_be_stored) {
  cut_commit lost(cutting_proxy::cut::before_commit);
  check_refused(lost.committed, errc::unavailable, "nothing was stored");
  BOOST_TEST(must(lost.store().checkpoint("p")) == 0U);
  BOOST_TEST(!must(lost.store().get(things, an_id(1))).has_value());
  auto again = must(lost.store().begin("p", 0, 1));
  must(again->upsert(things, std::vector{a_thing(1, "a")}));
  must(again->commit());
}

BOOST_AUTO_TEST_CASE(a_commit_that_cannot_be_looked_up_stays_in_doubt) {
  cut_commit lost(cutting_proxy::cut::for_good);
  check_refused(lost.committed, errc::in_doubt, "lost during a commit");
  BOOST_TEST(must(lost.direct().checkpoint("p")) == 1U);
}

/// Between two looks at something that must come.
void glance() { std::this_thread::sleep_for(std::chrono::milliseconds(2)); }

/// A projector as the host runs it: whatever happens, it asks the store where to go on.
void project_until(view_store& store, position_t last, std::atomic<int>& steps,
                   std::atomic<int>& surprises, std::atomic<position_t>& reached) {
  for (;;) {
    const auto from = store.checkpoint("p");
    if (!from) {
      if (from.error().code != errc::unavailable) ++surprises;
      glance();
      continue;
    }
    reached = std::max<position_t>(reached, *from);
    if (*from >= last) return;
    auto transaction = store.begin("p", *from, *from + 1);
    if (!transaction) continue;
    // Every row counts the events that it has seen: one applied twice, or lost, shows.
    const auto key = an_id(static_cast<int>(*from % 10));
    const auto stored = (*transaction)->fetch(things, std::vector{key});
    if (!stored) continue;
    json row = stored->empty() ? json{{"id", key}, {"name", key}, {"n", 0}}
                               : json{{"id", key}, {"name", key}, {"n", stored->front().at("n")}};
    row["n"] = row["n"].get<int>() + 1;
    if (!(*transaction)->upsert(things, std::vector{row})) continue;
    const auto committed = (*transaction)->commit();
    if (committed) {
      ++steps;
    } else if (committed.error().code != errc::conflict &&
               committed.error().code != errc::unavailable &&
               committed.error().code != errc::in_doubt) {
      ++surprises;
    }
  }
}

BOOST_AUTO_TEST_CASE(ten_kills_under_load_neither_lose_nor_repeat_an_event) {
  constexpr position_t last = 1000;
  constexpr int kills = 10;
  postgres_server server;
  auto store = must(open_view_store(server.url()));
  must(store->migrate(first_step, migration_mode::apply));
  std::atomic<int> steps = 0;
  std::atomic<int> surprises = 0;
  std::atomic<position_t> reached = 0;
  // Two runners of one projector, as after a mistaken take-over.
  std::vector<std::thread> runners;
  for (int i = 0; i < 2; ++i) {
    runners.emplace_back([&] { project_until(*store, last, steps, surprises, reached); });
  }
  for (int kill = 1; kill <= kills; ++kill) {
    while (reached < last / (kills + 1) * static_cast<position_t>(kill)) glance();
    server.crash();
    server.start();
  }
  for (auto& runner : runners) runner.join();
  BOOST_TEST(surprises == 0);
  BOOST_TEST(must(store->checkpoint("p")) == last);
  BOOST_TEST(server.psql("SELECT count(*), min(n), max(n) FROM things") == "10|100|100\n");
  BOOST_TEST(steps <= static_cast<int>(last));
}

BOOST_AUTO_TEST_CASE(a_server_that_comes_back_is_found_again) {
  postgres_server server;
  auto store = must(open_view_store(server.url()));
  must(store->migrate(first_step, migration_mode::apply));
  BOOST_TEST(must(store->checkpoint("p")) == 0U);
  server.crash();
  for (int i = 0; i < 3; ++i) {
    const auto away = store->checkpoint("p");
    BOOST_TEST_REQUIRE(!away.has_value());
    BOOST_TEST((away.error().code == errc::unavailable));
    BOOST_TEST(away.error().message.find("127.0.0.1") != std::string::npos, away.error().message);
  }
  server.start();
  while (!store->checkpoint("p")) glance();
  // A restart that nobody noticed: the idle connection is broken, and replaced unseen.
  server.crash();
  server.start();
  BOOST_TEST(must(store->checkpoint("p")) == 0U);
  server.crash();
  server.start();
  must(must(store->begin("p", 0, 1))->commit());
}

BOOST_AUTO_TEST_CASE(places_that_are_missing_or_wrong_are_refused_without_their_password) {
  const auto refusal = [](std::optional<database_place> place) {
    const auto opened = open_views([&](const std::string&, database_role) {
                          return place;
                        })->open("identity", database_role::views);
    BOOST_TEST_REQUIRE(!opened.has_value());
    BOOST_TEST(opened.error().message.find("hidden") == std::string::npos, opened.error().message);
    return opened.error();
  };
  BOOST_TEST(refusal(std::nullopt).message.find("--postgres") != std::string::npos);
  for (const auto* url : {"hidden", "sqlite://u:hidden@x/y", "postgres://u:hidden@h/d?x-other=1",
                          "postgres://u:hidden@h/d?x-statement-timeout=soon"}) {
    BOOST_TEST((refusal(database_place{url, false}).code == errc::invalid));
  }
  // Port 9 of this machine: nobody listens.
  const auto away = refusal(database_place{"postgres://u:hidden@127.0.0.1:9/d", false});
  BOOST_TEST((away.code == errc::unavailable));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe::postgres
