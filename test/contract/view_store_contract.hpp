#pragma once

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/core/view_store.hpp"
#include "test/contract/contract.hpp"

/// What every view store promises. A new adapter's test is one line:
///
///     const bool ok = troupe::contract::view_store_contract("my_views", [] { return
///     std::make_unique<my_subject>(); });
///
/// Left open: stores that know no columns may take a filter on an unknown one for a filter that
/// nothing passes.
namespace troupe::contract {

/// A view database under test, empty at first and not migrated.
class view_subject {
 public:
  virtual ~view_subject() = default;
  virtual view_store& store() = 0;
  /// Ends the store and opens it again on the same data.
  virtual void reopen() = 0;
};

namespace view_checks {

inline const view_table people{"people", "id"};
inline const view_table badges{"badges", "badge"};

/// Read by PostgreSQL and SQLite alike.
inline std::vector<migration> people_migrations() {
  return {{1, "create_people",
           "-- People, in the words of both databases; it's one table.\n"
           "CREATE TABLE people (\n"
           "  \"id\" text PRIMARY KEY,\n"
           "  \"firstName\" text NOT NULL,\n"
           "  \"nick\" varchar(200),\n"
           "  \"age\" integer,\n"
           "  \"score\" double precision,\n"
           "  \"member\" boolean NOT NULL,\n"
           "  \"joined\" timestamptz,\n"
           "  \"tags\" jsonb\n"
           ");\n"
           "CREATE INDEX people_by_name ON people (\"firstName\");\n",
           "DROP TABLE people;"},
          {2, "create_badges",
           "CREATE TABLE badges (badge uuid PRIMARY KEY, \"serial\" text NOT NULL, holder uuid);",
           "DROP TABLE badges;"}};
}

inline json a_person(const std::string& id, const std::string& name = "Ada", const json& age = 36) {
  return {{"id", id},
          {"firstName", name},
          {"nick", nullptr},
          {"age", age},
          {"score", 1.5},
          {"member", true},
          {"joined", "2026-01-31T12:34:56.789Z"},
          {"tags", {"a", "b"}}};
}

inline view_store& migrated(view_subject& subject) {
  must(subject.store().migrate(people_migrations(), migration_mode::apply));
  return subject.store();
}

/// Writes rows in a transaction of its own, wherever the projector is.
inline void put(view_store& store, const std::vector<json>& rows, const view_table& table = people,
                const std::string& projector = "people") {
  const auto from = must(store.checkpoint(projector));
  auto transaction = must(store.begin(projector, from, from + 1));
  must(transaction->upsert(table, rows));
  must(transaction->commit());
}

inline std::vector<json> sorted(std::vector<json> rows) {
  std::ranges::sort(rows);
  return rows;
}

inline std::vector<json> everything(view_store& store, const view_table& table = people) {
  view_query query;
  query.limit = 1000;
  return must(store.query(table, query)).rows;
}

/// The keys of all pages of a query.
inline std::vector<std::string> keys_of(view_store& store, view_query query) {
  std::vector<std::string> keys;
  do {
    auto page = must(store.query(people, query));
    BOOST_TEST_REQUIRE(page.rows.size() <= query.limit);
    for (const auto& row : page.rows) keys.push_back(row.at("id"));
    query.after = page.next;
  } while (!query.after.empty());
  return keys;
}

using keys = std::vector<std::string>;

inline dead_letter a_letter(const std::string& projector, const std::string& key,
                            position_t position) {
  return {0,
          projector,
          key,
          {"identity", "entity-" + key},
          position,
          2,
          "e",
          "UserModified",
          "it was Zoë's; 'odd'",
          timestamp(std::chrono::milliseconds(1'700'000'000'123))};
}

inline void a_projector_starts_at_position_0(view_subject& subject) {
  auto& store = migrated(subject);
  BOOST_TEST(must(store.checkpoint("people")) == 0U);
  BOOST_TEST(everything(store).empty());
  BOOST_TEST(must(store.dead_letters("", 0, 10)).empty());
  BOOST_TEST(!must(store.get(people, "1")).has_value());
}

inline void rows_letters_and_checkpoint_move_together(view_subject& subject) {
  auto& store = migrated(subject);
  auto transaction = must(store.begin("people", 0, 17));
  must(transaction->upsert(people, std::vector{a_person("1"), a_person("2")}));
  must(transaction->park(std::vector{a_letter("people", "3", 12)}));
  BOOST_TEST(must(store.checkpoint("people")) == 0U);
  BOOST_TEST(everything(store).empty());
  BOOST_TEST(must(store.dead_letters("", 0, 10)).empty());
  must(transaction->commit());
  BOOST_TEST(must(store.checkpoint("people")) == 17U);
  BOOST_TEST(everything(store).size() == 2U);
  BOOST_TEST(must(store.dead_letters("", 0, 10)).size() == 1U);
  BOOST_TEST(must(store.checkpoint("others")) == 0U);
}

inline void a_transaction_that_is_not_committed_changes_nothing(view_subject& subject) {
  auto& store = migrated(subject);
  put(store, {a_person("1")});
  {
    auto transaction = must(store.begin("people", 1, 9));
    must(transaction->upsert(people, std::vector{a_person("2"), a_person("1", "Changed")}));
    must(transaction->remove(people, std::vector<std::string>{"1"}));
    must(transaction->park(std::vector{a_letter("people", "3", 12)}));
  }
  BOOST_TEST((everything(store) == std::vector{a_person("1")}));
  BOOST_TEST(must(store.checkpoint("people")) == 1U);
  BOOST_TEST(must(store.dead_letters("", 0, 10)).empty());
}

inline void a_lost_race_for_the_checkpoint_changes_nothing(view_subject& subject) {
  auto& store = migrated(subject);
  put(store, {a_person("1")});
  for (const position_t wrong : {0U, 2U}) {
    auto transaction = must(store.begin("people", wrong, 9));
    must(transaction->upsert(people, std::vector{a_person("1", "Changed"), a_person("2")}));
    must(transaction->park(std::vector{a_letter("people", "3", 12)}));
    const auto committed = transaction->commit();
    BOOST_TEST_REQUIRE(!committed.has_value());
    BOOST_TEST((committed.error().code == errc::conflict));
  }
  BOOST_TEST((everything(store) == std::vector{a_person("1")}));
  BOOST_TEST(must(store.checkpoint("people")) == 1U);
  BOOST_TEST(must(store.dead_letters("", 0, 10)).empty());
  put(store, {a_person("2")});
  BOOST_TEST(must(store.checkpoint("people")) == 2U);
}

inline void a_transaction_sees_its_own_changes(view_subject& subject) {
  auto& store = migrated(subject);
  put(store, {a_person("1"), a_person("2")});
  auto transaction = must(store.begin("people", 1, 2));
  must(transaction->upsert(people, std::vector{a_person("1", "Changed"), a_person("3")}));
  must(transaction->remove(people, keys{"2"}));
  const auto seen = must(transaction->fetch(people, keys{"1", "2", "3", "4"}));
  BOOST_TEST((sorted(seen) == sorted({a_person("1", "Changed"), a_person("3")})));
  must(transaction->commit());
  BOOST_TEST((everything(store) == std::vector{a_person("1", "Changed"), a_person("3")}));
}

inline void fetching_gives_the_rows_that_exist(view_subject& subject) {
  auto& store = migrated(subject);
  put(store, {a_person("1"), a_person("a'b\"c"), a_person("Zoë")});
  auto transaction = must(store.begin("people", 1, 2));
  BOOST_TEST(must(transaction->fetch(people, {})).empty());
  BOOST_TEST(must(transaction->fetch(people, keys{"nobody", "", "zoë"})).empty());
  const auto found = must(transaction->fetch(people, keys{"Zoë", "x", "a'b\"c"}));
  BOOST_TEST((sorted(found) == sorted({a_person("Zoë"), a_person("a'b\"c")})));
}

inline void a_row_is_replaced_by_its_key(view_subject& subject) {
  auto& store = migrated(subject);
  put(store, {a_person("1", "Ada"), a_person("2", "Bob")});
  auto changed = a_person("1", "Zoë", nullptr);
  changed["member"] = false;
  put(store, {changed, a_person("3", "New")});
  BOOST_TEST((must(store.get(people, "1")) == std::optional(changed)));
  BOOST_TEST(everything(store).size() == 3U);
}

inline void removing_takes_the_named_rows_and_no_others(view_subject& subject) {
  auto& store = migrated(subject);
  put(store, {a_person("1"), a_person("2"), a_person("3")});
  auto transaction = must(store.begin("people", 1, 2));
  must(transaction->remove(people, keys{"1", "nobody", "3"}));
  must(transaction->remove(people, {}));
  must(transaction->commit());
  BOOST_TEST((everything(store) == std::vector{a_person("2")}));
}

inline void empty_batches_only_move_the_checkpoint(view_subject& subject) {
  auto& store = migrated(subject);
  auto transaction = must(store.begin("people", 0, 5));
  must(transaction->upsert(people, {}));
  must(transaction->park({}));
  must(transaction->commit());
  BOOST_TEST(must(store.checkpoint("people")) == 5U);
}

inline void values_come_back_as_their_columns_declare(view_subject& subject) {
  auto& store = migrated(subject);
  std::vector<json> rows;
  for (const bool member : {true, false}) {
    for (const auto& tags :
         {json(nullptr), json::array(), json({{"a", {1, 2.5, nullptr, "Zoë", false}}}),
          json("text"), json(7), json(true), json("null")}) {
      auto row = a_person("k" + std::to_string(rows.size()), "Ada",
                          rows.empty() ? json() : json(rows.size()));
      row["member"] = member;
      row["tags"] = tags;
      row["nick"] = tags.is_null() ? json() : json("nick");
      rows.push_back(std::move(row));
    }
  }
  rows[1]["age"] = -2147483648;
  rows[1]["score"] = -0.001;
  rows[2]["score"] = 1e300;
  rows[3]["joined"] = nullptr;
  put(store, rows);
  subject.reopen();
  for (const auto& row : rows) {
    BOOST_TEST((must(subject.store().get(people, row.at("id"))) == std::optional(row)), row.dump());
  }
}

inline void text_survives_byte_for_byte(view_subject& subject) {
  auto& store = migrated(subject);
  const std::vector<std::string> texts = {"",
                                          " ",
                                          "00012",
                                          "12",
                                          "1e5",
                                          "1.0",
                                          "-0",
                                          "0x10",
                                          "9007199254740993",
                                          "1e999",
                                          "NaN",
                                          "inf",
                                          "true",
                                          "null",
                                          "NULL",
                                          "Zoë",
                                          "Ωμέγα 名前 👩‍🚀",
                                          "a\"b'c\\d",
                                          "%_*?",
                                          "'); DROP TABLE people; --",
                                          "line\nbreak\ttab",
                                          "\x01\x7f",
                                          "2026-01-31T12:34:56.789Z",
                                          std::string(100'000, 'x')};
  std::vector<json> rows;
  for (const auto& text : texts) {
    auto row = a_person("key " + text, text);
    row["nick"] = text.substr(0, 200);
    row["tags"] = {{text, text}};
    rows.push_back(std::move(row));
  }
  put(store, rows);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto& key = rows[i].at("id").get_ref<const std::string&>();
    BOOST_TEST((must(store.get(people, key)) == std::optional(rows[i])), key);
    view_query query;
    query.equals = {{"firstName", texts[i]}};
    BOOST_TEST((keys_of(store, query) == keys{key}), key);
  }
  auto transaction = must(store.begin("people", 1, 2));
  keys all;
  for (const auto& row : rows) all.push_back(row.at("id"));
  BOOST_TEST((sorted(must(transaction->fetch(people, all))) == sorted(rows)));
  must(transaction->remove(people, all));
  must(transaction->commit());
  BOOST_TEST(everything(store).empty());
}

inline void keys_declared_as_uuid_are_text(view_subject& subject) {
  auto& store = migrated(subject);
  const std::vector<json> rows = {
      {{"badge", "00000000-0000-5000-8000-000000000001"}, {"serial", "0007"}, {"holder", nullptr}},
      {{"badge", "12345678-1234-5123-8123-123456789012"},
       {"serial", "7e1"},
       {"holder", "00000000-0000-5000-8000-000000000001"}}};
  put(store, rows, badges);
  BOOST_TEST((everything(store, badges) == rows));
  BOOST_TEST((must(store.get(badges, rows[1].at("badge"))) == std::optional(rows[1])));
  view_query query;
  query.equals = {{"holder", rows[0].at("badge")}};
  BOOST_TEST((must(store.query(badges, query)).rows == std::vector{rows[1]}));
}

inline void a_row_that_cannot_be_kept_as_it_is_is_refused(view_subject& subject) {
  auto& store = migrated(subject);
  const auto with = [](const char* column, json value) {
    auto row = a_person("1");
    row[column] = std::move(value);
    return row;
  };
  auto keyless = a_person("1");
  keyless.erase("id");
  for (const auto& row :
       {with("firstName", std::string("a\0b", 3)), with("tags", {{"deep", std::string(1, '\0')}}),
        with("id", 7), with("id", nullptr), with("id", std::string("\0", 1)),
        with("firstName", "\xff"), keyless, json::array(), json("text")}) {
    auto transaction = must(store.begin("people", 0, 1));
    const auto done = transaction->upsert(people, std::vector{row});
    BOOST_TEST_REQUIRE(!done.has_value());
    BOOST_TEST((done.error().code == errc::invalid), done.error().message);
  }
  BOOST_TEST(everything(store).empty());
}

inline void keys_that_no_row_can_have_find_nothing(view_subject& subject) {
  auto& store = migrated(subject);
  put(store, {a_person("a")});
  const keys odd = {std::string("a\0b", 3), "\xff", ""};
  for (const auto& key : odd) BOOST_TEST(!must(store.get(people, key)).has_value());
  auto transaction = must(store.begin("people", 1, 2));
  BOOST_TEST(must(transaction->fetch(people, odd)).empty());
  must(transaction->remove(people, odd));
  must(transaction->commit());
  BOOST_TEST(everything(store).size() == 1U);
}

inline void parked_events_are_listed_by_projector_and_in_order(view_subject& subject) {
  auto& store = migrated(subject);
  auto first = must(store.begin("people", 0, 1));
  must(first->park(std::vector{a_letter("people", "1", 11), a_letter("badges", "2", 12)}));
  must(first->park(std::vector{a_letter("people", "3", 13)}));
  must(first->commit());
  auto second = must(store.begin("people", 1, 2));
  must(second->park(std::vector{a_letter("people", "4", 14)}));
  must(second->commit());

  subject.reopen();
  auto& again = subject.store();
  const auto positions = [&](const std::string& projector, std::uint64_t after, std::size_t limit) {
    std::vector<position_t> found;
    for (const auto& one : must(again.dead_letters(projector, after, limit)))
      found.push_back(one.position);
    return found;
  };
  using list = std::vector<position_t>;
  BOOST_TEST((positions("", 0, 10) == list{11, 12, 13, 14}));
  BOOST_TEST((positions("people", 0, 10) == list{11, 13, 14}));
  BOOST_TEST((positions("people", 0, 2) == list{11, 13}));
  BOOST_TEST(positions("nobody", 0, 10).empty());
  const auto all = must(again.dead_letters("", 0, 10));
  BOOST_TEST(
      (std::ranges::adjacent_find(all, std::greater_equal<>(), &dead_letter::id) == all.end()));
  BOOST_TEST((positions("people", all[0].id, 10) == list{13, 14}));
  const auto expected = a_letter("people", "1", 11);
  const auto& letter = all.front();
  BOOST_TEST(letter.id > 0U);
  BOOST_TEST(letter.projector == expected.projector);
  BOOST_TEST(letter.key == expected.key);
  BOOST_TEST((letter.stream == expected.stream));
  BOOST_TEST(letter.version == expected.version);
  BOOST_TEST(letter.event_id == expected.event_id);
  BOOST_TEST(letter.type == expected.type);
  BOOST_TEST(letter.reason == expected.reason);
  BOOST_TEST((letter.time == expected.time));
}

/// Parks letters of people at these positions, and gives their ids.
inline std::vector<std::uint64_t> park_people(view_store& store,
                                              const std::vector<position_t>& positions) {
  const auto from = must(store.checkpoint("people"));
  auto transaction = must(store.begin("people", from, from + 1));
  for (const auto position : positions)
    must(transaction->park(std::vector{a_letter("people", "1", position)}));
  must(transaction->commit());
  std::vector<std::uint64_t> ids;
  for (const auto& one : must(store.dead_letters("people", 0, 1000))) ids.push_back(one.id);
  return ids;
}

inline void a_parked_event_goes_together_with_what_it_brought_about(view_subject& subject) {
  auto& store = migrated(subject);
  const auto ids = park_people(store, {11, 12, 13});
  const std::vector taken{ids[0], ids[2]};
  {
    auto given_up = must(store.begin("people", 1, 1));
    must(given_up->unpark(taken));
    must(given_up->upsert(people, std::vector{a_person("1")}));
  }
  BOOST_TEST(must(store.dead_letters("", 0, 10)).size() == 3U);
  BOOST_TEST(everything(store).empty());

  auto transaction = must(store.begin("people", 1, 1));
  must(transaction->unpark(taken));
  must(transaction->unpark({}));
  must(transaction->upsert(people, std::vector{a_person("1")}));
  must(transaction->park(std::vector{a_letter("people", "1", 13)}));
  must(transaction->commit());
  subject.reopen();
  auto& again = subject.store();
  BOOST_TEST((everything(again) == std::vector{a_person("1")}));
  BOOST_TEST(must(again.checkpoint("people")) == 1U);
  const auto left = must(again.dead_letters("", 0, 10));
  BOOST_TEST_REQUIRE(left.size() == 2U);
  BOOST_TEST(left[0].id == ids[1]);
  BOOST_TEST(left[1].position == 13U);
  BOOST_TEST(left[1].id > ids[2]);
}

inline void of_two_who_take_a_parked_event_one_does(view_subject& subject) {
  auto& store = migrated(subject);
  const auto ids = park_people(store, {11, 12});
  const auto take = [&](const std::string& projector, const std::vector<std::uint64_t>& which) {
    const auto at = must(store.checkpoint(projector));
    auto transaction = must(store.begin(projector, at, at));
    must(transaction->upsert(people, std::vector{a_person("1", "Twice")}));
    const auto taken = transaction->unpark(which);
    const auto committed = transaction->commit();
    BOOST_TEST(taken.has_value() == committed.has_value());
    if (!committed) BOOST_TEST((committed.error().code == errc::conflict));
    return committed.has_value();
  };
  BOOST_TEST(!take("badges", {ids[0]}));  // It is another projector's.
  BOOST_TEST(!take("people", {ids[0], ids[1] + 1}));
  BOOST_TEST(everything(store).empty());
  BOOST_TEST(take("people", {ids[0], ids[0]}));
  put(store, {a_person("1", "Once")});
  BOOST_TEST(!take("people", {ids[0]}));
  BOOST_TEST((everything(store) == std::vector{a_person("1", "Once")}));
  BOOST_TEST(must(store.dead_letters("", 0, 10)).size() == 1U);
}

inline void a_reset_forgets_one_projector_and_its_rows(view_subject& subject) {
  auto& store = migrated(subject);
  auto transaction = must(store.begin("people", 0, 7));
  must(transaction->upsert(people, std::vector{a_person("1")}));
  must(transaction->park(std::vector{a_letter("people", "1", 11), a_letter("badges", "2", 12)}));
  must(transaction->commit());
  const json badge = {
      {"badge", "00000000-0000-5000-8000-000000000001"}, {"serial", "1"}, {"holder", nullptr}};
  put(store, {badge}, badges, "badges");

  must(store.reset("people", people));
  BOOST_TEST(must(store.checkpoint("people")) == 0U);
  BOOST_TEST(everything(store).empty());
  BOOST_TEST(must(store.dead_letters("people", 0, 10)).empty());
  BOOST_TEST(must(store.checkpoint("badges")) == 1U);
  BOOST_TEST(everything(store, badges).size() == 1U);
  BOOST_TEST(must(store.dead_letters("", 0, 10)).size() == 1U);
  put(store, {a_person("2")});
  BOOST_TEST(must(store.checkpoint("people")) == 1U);
}

inline void a_pause_is_kept_until_it_is_lifted(view_subject& subject) {
  const auto reason = [&](const std::string& projector) {
    return must(subject.store().pause_reason(projector));
  };
  auto& store = migrated(subject);
  BOOST_TEST(!reason("people").has_value());
  must(store.set_pause("people", std::nullopt));
  must(store.set_pause("people", "it was Zoë's; 'odd'"));
  must(store.set_pause("badges", ""));
  BOOST_TEST(reason("people").value() == "it was Zoë's; 'odd'");
  BOOST_TEST(reason("badges").value() == "");
  put(store, {a_person("1")});
  must(store.reset("people", people));
  subject.reopen();
  BOOST_TEST(reason("people").value() == "it was Zoë's; 'odd'");
  must(subject.store().set_pause("people", "another"));
  BOOST_TEST(reason("people").value() == "another");
  must(subject.store().set_pause("people", std::nullopt));
  BOOST_TEST(!reason("people").has_value());
  BOOST_TEST(reason("badges").has_value());
}

inline void filters_must_all_hold(view_subject& subject) {
  auto& store = migrated(subject);
  auto guest = a_person("3", "Ada", nullptr);
  guest["member"] = false;
  put(store, {a_person("1", "Ada", 36), a_person("2", "Bob", 36), guest, a_person("4", "ada", 40)});
  const auto matching = [&](std::vector<std::pair<std::string, json>> equals) {
    view_query query;
    query.equals = std::move(equals);
    return keys_of(store, query);
  };
  BOOST_TEST((matching({}) == keys{"1", "2", "3", "4"}));
  BOOST_TEST((matching({{"firstName", "Ada"}}) == keys{"1", "3"}));
  BOOST_TEST((matching({{"firstName", "Ada"}, {"age", 36}}) == keys{"1"}));
  BOOST_TEST((matching({{"member", false}}) == keys{"3"}));
  BOOST_TEST((matching({{"member", true}, {"age", 40}}) == keys{"4"}));
  BOOST_TEST((matching({{"age", nullptr}}) == keys{"3"}));
  BOOST_TEST((matching({{"nick", nullptr}, {"firstName", "Bob"}}) == keys{"2"}));
  BOOST_TEST((matching({{"id", "4"}}) == keys{"4"}));
  BOOST_TEST(matching({{"firstName", "A%"}}).empty());
  // As they come from a URL.
  BOOST_TEST((matching({{"member", "false"}}) == keys{"3"}));
  BOOST_TEST((matching({{"age", "36"}}) == keys{"1", "2"}));
  BOOST_TEST((matching({{"score", "1.5"}}) == keys{"1", "2", "3", "4"}));
}

inline void rows_are_ordered_by_a_column_and_then_by_key(view_subject& subject) {
  auto& store = migrated(subject);
  put(store, {a_person("d", "Bob", 3), a_person("b", "Ada", 10), a_person("c", "Ada", nullptr),
              a_person("a", "Zoë", 3), a_person("e", "ada", nullptr)});
  const auto ordered = [&](const std::string& column, bool descending) {
    keys whole;
    // Whatever the size of the pages.
    for (const std::size_t limit : {100U, 1U, 2U, 3U, 5U}) {
      view_query query;
      query.order_by = column;
      query.descending = descending;
      query.limit = limit;
      auto read = keys_of(store, query);
      if (whole.empty()) whole = read;
      BOOST_TEST(read == whole, boost::test_tools::per_element());
    }
    return whole;
  };
  BOOST_TEST((ordered("", false) == keys{"a", "b", "c", "d", "e"}));
  BOOST_TEST((ordered("", true) == keys{"e", "d", "c", "b", "a"}));
  BOOST_TEST((ordered("id", true) == keys{"e", "d", "c", "b", "a"}));
  BOOST_TEST((ordered("firstName", false) == keys{"b", "c", "d", "a", "e"}),
             "by bytes: capitals first");
  BOOST_TEST((ordered("firstName", true) == keys{"e", "a", "d", "c", "b"}));
  BOOST_TEST((ordered("age", false) == keys{"c", "e", "a", "d", "b"}),
             "nothing is below every number");
  BOOST_TEST((ordered("age", true) == keys{"b", "d", "a", "e", "c"}));
  BOOST_TEST((ordered("nick", false) == keys{"a", "b", "c", "d", "e"}));
  BOOST_TEST((ordered("member", true) == keys{"e", "d", "c", "b", "a"}));
}

inline void pages_neither_skip_nor_repeat_rows_that_stay_while_others_come_and_go(
    view_subject& subject) {
  auto& store = migrated(subject);
  std::vector<json> rows;
  for (int i = 10; i < 50; ++i) rows.push_back(a_person(std::to_string(i), "Ada", i % 5));
  put(store, rows);
  for (const bool descending : {false, true}) {
    view_query query;
    query.order_by = "age";
    query.descending = descending;
    query.limit = 7;
    std::map<std::string, int> seen;
    int round = 0;
    do {
      const auto page = must(store.query(people, query));
      for (const auto& row : page.rows) ++seen[row.at("id")];
      query.after = page.next;
      // Before and after the place of the cursor; the row that the cursor names goes too.
      put(store, {a_person("new" + std::to_string(round), "New", round % 5),
                  a_person("1" + std::to_string(round), "x", 0)});
      ++round;
      auto transaction =
          must(store.begin("people", must(store.checkpoint("people")),
                           1000U + static_cast<position_t>(round) + (descending ? 100U : 0U)));
      must(transaction->remove(people, keys{"new" + std::to_string(round - 2)}));
      must(transaction->commit());
    } while (!query.after.empty());
    for (int i = 20; i < 50; ++i) BOOST_TEST(seen[std::to_string(i)] == 1, i);
  }
}

inline void a_cursor_survives_the_row_that_it_names(view_subject& subject) {
  auto& store = migrated(subject);
  put(store, {a_person("1"), a_person("2"), a_person("3")});
  view_query query;
  query.limit = 2;
  query.after = must(store.query(people, query)).next;
  auto transaction = must(store.begin("people", 1, 2));
  must(transaction->remove(people, keys{"2"}));
  must(transaction->commit());
  BOOST_TEST((must(store.query(people, query)).rows == std::vector{a_person("3")}));
}

inline void there_is_no_next_page_after_the_last_row(view_subject& subject) {
  auto& store = migrated(subject);
  put(store, {a_person("1"), a_person("2")});
  view_query query;
  query.limit = 2;
  BOOST_TEST(must(store.query(people, query)).next.empty());
  query.limit = 1;
  BOOST_TEST(!must(store.query(people, query)).next.empty());
}

inline void a_cursor_of_another_query_and_a_wrong_limit_are_invalid(view_subject& subject) {
  auto& store = migrated(subject);
  put(store, {a_person("1"), a_person("2"), a_person("3")});
  view_query query;
  query.limit = 1;
  const auto token = must(store.query(people, query)).next;
  const auto invalid = [&](view_query other) {
    const auto page = store.query(people, other);
    return !page && page.error().code == errc::invalid;
  };
  auto other = query;
  other.after = token;
  BOOST_TEST(!invalid(other));
  other.order_by = "age";
  BOOST_TEST(invalid(other));
  other = query;
  other.after = token;
  other.equals = {{"age", 36}};
  BOOST_TEST(invalid(other));
  other = query;
  other.after = "nonsense";
  BOOST_TEST(invalid(other));
  for (const std::size_t limit : {0U, 1001U}) {
    other = view_query{};
    other.limit = limit;
    BOOST_TEST(invalid(other));
  }
}

inline void migrating_is_needed_once(view_subject& subject) {
  auto steps = people_migrations();
  const auto checked = subject.store().migrate(steps, migration_mode::check);
  BOOST_TEST_REQUIRE(!checked.has_value());
  BOOST_TEST((checked.error().code == errc::invalid), checked.error().message);
  const std::vector<migration> first = {steps[0]};
  must(subject.store().migrate(first, migration_mode::apply));
  BOOST_TEST(!subject.store().migrate(steps, migration_mode::check).has_value());
  put(subject.store(), {a_person("1")});
  must(subject.store().migrate(steps, migration_mode::apply));
  subject.reopen();
  must(subject.store().migrate(steps, migration_mode::check));
  must(subject.store().migrate(steps, migration_mode::apply));
  BOOST_TEST(everything(subject.store()).size() == 1U);
  const auto older = subject.store().migrate(first, migration_mode::apply);
  BOOST_TEST_REQUIRE(!older.has_value());
  BOOST_TEST((older.error().code == errc::unsupported), older.error().message);
}

inline void everything_is_there_after_reopening(view_subject& subject) {
  put(migrated(subject), {a_person("1"), a_person("2")});
  subject.reopen();
  BOOST_TEST(must(subject.store().checkpoint("people")) == 1U);
  BOOST_TEST((everything(subject.store()) == std::vector{a_person("1"), a_person("2")}));
}

inline void projectors_of_one_database_work_side_by_side(view_subject& subject) {
  auto& store = migrated(subject);
  constexpr int projectors = 4;
  constexpr position_t rounds = 25;
  std::atomic<int> failures = 0;
  std::vector<std::thread> threads;
  for (int p = 0; p < projectors; ++p) {
    threads.emplace_back([&store, &failures, p] {
      const auto name = "projector-" + std::to_string(p);
      for (position_t i = 0; i < rounds; ++i) {
        auto transaction = store.begin(name, i, i + 1);
        const auto row = a_person(name + "-" + std::to_string(i));
        const bool good =
            transaction && (*transaction)->fetch(people, keys{row.at("id")}).has_value() &&
            (*transaction)->upsert(people, std::vector{row}).has_value() &&
            (*transaction)->commit().has_value() && store.get(people, row.at("id")).has_value();
        if (!good) ++failures;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  BOOST_TEST(failures == 0);
  BOOST_TEST(everything(store).size() == projectors * rounds);
  for (int p = 0; p < projectors; ++p) {
    BOOST_TEST(must(store.checkpoint("projector-" + std::to_string(p))) == rounds);
  }
}

/// Two runners of one projector, as after a mistaken take-over: each step is done by exactly one of
/// them.
inline void of_two_runners_of_one_projector_one_wins_each_step(view_subject& subject) {
  auto& store = migrated(subject);
  std::atomic<int> steps = 0;
  std::atomic<int> surprises = 0;
  std::vector<std::thread> runners;
  for (int r = 0; r < 3; ++r) {
    runners.emplace_back([&] {
      for (;;) {
        const auto from = store.checkpoint("people");
        if (!from || *from >= 40) return;
        auto transaction = store.begin("people", *from, *from + 1);
        if (!transaction) continue;
        const auto row = a_person(std::to_string(*from));
        static_cast<void>((*transaction)->upsert(people, std::vector{row}));
        const auto committed = (*transaction)->commit();
        if (committed) {
          ++steps;
        } else if (committed.error().code != errc::conflict) {
          ++surprises;
        }
      }
    });
  }
  for (auto& runner : runners) runner.join();
  BOOST_TEST(steps == 40);
  BOOST_TEST(surprises == 0);
  BOOST_TEST(everything(store).size() == 40U);
}

}  // namespace view_checks

/// Registers the whole contract under the adapter's name. `make` gives a `std::unique_ptr` of a
/// `view_subject`.
template <class Make>
bool view_store_contract(const char* adapter, const Make& make) {
  using namespace view_checks;
#define TROUPE_PROMISE(sentence) \
  { #sentence, sentence }
  return instantiate<view_subject>(
      adapter, make,
      {
          TROUPE_PROMISE(a_projector_starts_at_position_0),
          TROUPE_PROMISE(rows_letters_and_checkpoint_move_together),
          TROUPE_PROMISE(a_transaction_that_is_not_committed_changes_nothing),
          TROUPE_PROMISE(a_lost_race_for_the_checkpoint_changes_nothing),
          TROUPE_PROMISE(a_transaction_sees_its_own_changes),
          TROUPE_PROMISE(fetching_gives_the_rows_that_exist),
          TROUPE_PROMISE(a_row_is_replaced_by_its_key),
          TROUPE_PROMISE(removing_takes_the_named_rows_and_no_others),
          TROUPE_PROMISE(empty_batches_only_move_the_checkpoint),
          TROUPE_PROMISE(values_come_back_as_their_columns_declare),
          TROUPE_PROMISE(text_survives_byte_for_byte),
          TROUPE_PROMISE(keys_declared_as_uuid_are_text),
          TROUPE_PROMISE(a_row_that_cannot_be_kept_as_it_is_is_refused),
          TROUPE_PROMISE(keys_that_no_row_can_have_find_nothing),
          TROUPE_PROMISE(parked_events_are_listed_by_projector_and_in_order),
          TROUPE_PROMISE(a_parked_event_goes_together_with_what_it_brought_about),
          TROUPE_PROMISE(of_two_who_take_a_parked_event_one_does),
          TROUPE_PROMISE(a_reset_forgets_one_projector_and_its_rows),
          TROUPE_PROMISE(a_pause_is_kept_until_it_is_lifted),
          TROUPE_PROMISE(filters_must_all_hold),
          TROUPE_PROMISE(rows_are_ordered_by_a_column_and_then_by_key),
          TROUPE_PROMISE(pages_neither_skip_nor_repeat_rows_that_stay_while_others_come_and_go),
          TROUPE_PROMISE(a_cursor_survives_the_row_that_it_names),
          TROUPE_PROMISE(there_is_no_next_page_after_the_last_row),
          TROUPE_PROMISE(a_cursor_of_another_query_and_a_wrong_limit_are_invalid),
          TROUPE_PROMISE(migrating_is_needed_once),
          TROUPE_PROMISE(everything_is_there_after_reopening),
          TROUPE_PROMISE(projectors_of_one_database_work_side_by_side),
          TROUPE_PROMISE(of_two_runners_of_one_projector_one_wins_each_step),
      });
#undef TROUPE_PROMISE
}

}  // namespace troupe::contract
