// Runs the same random operations on the memory view store and on another and demands the same
// answers, the other store being closed and opened again now and then.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bridges/postgres/postgres_view_store.hpp"
#include "bridges/sqlite/sqlite_view_store.hpp"
#include "runtime/testkit/memory_view_store.hpp"
#include "test/contract/contract.hpp"
#include "test/contract/postgres_server.hpp"
#include "test/contract/random_operations.hpp"
#include "test/contract/temporary_directory.hpp"

namespace troupe::contract {
namespace {

/// Identifiers and times are any text here. SQLite keeps text under every type that stands for it;
/// PostgreSQL's own uuid and timestamptz take nothing else.
std::vector<migration> migrations(const std::string& id_type, const std::string& time_type) {
  return {{1, "create_things",
           "CREATE TABLE things (id " + id_type + " PRIMARY KEY, word text NOT NULL, at " +
               time_type +
               ", amount bigint, ratio real, flag boolean, extra jsonb);"
               "CREATE TABLE others (id text PRIMARY KEY, word text);",
           ""}};
}

const std::vector<view_table> tables = {{"things", "id"}, {"others", "id"}};
const std::vector<std::string> projectors = {"p", "p2", ""};
const std::vector<std::string> words = {"",     "a",    "A",     "b",           "a b",  "00012",
                                        "12",   "1e5",  "Zoë",   "👩‍🚀", "%",    "_",
                                        "true", "null", "\"'\\", "z",           "\x7f", "\xc2\x80"};

std::string show(const json& value) { return value.dump(); }
std::string show(position_t position) { return std::to_string(position); }
std::string show(std::vector<json> rows) {
  std::string text;
  for (const auto& row : rows) text += row.dump() + "\n";
  return text;
}
/// The cursor too: the stores share its form.
std::string show(const view_page& page) { return show(page.rows) + "next " + page.next; }
std::string show(const std::vector<dead_letter>& letters) {
  std::string text;
  for (const auto& one : letters) {
    text += std::to_string(one.id) + " " + one.projector + " " + one.key + " " + one.stream.name() +
            " " + std::to_string(one.position) + " " + std::to_string(one.version) + " " +
            one.event_id + " " + one.type + " " + one.reason + " " + format_time(one.time) + "\n";
  }
  return text;
}
template <class T>
std::string show(const std::optional<T>& value) {
  return value ? show(*value) : "nothing";
}
template <class T>
std::string show(const result<T>& answer) {
  return answer ? show(*answer) : to_string(answer.error().code);
}
std::string show(const result<void>& answer) {
  return answer ? "done" : to_string(answer.error().code);
}

class two_stores {
 public:
  using opener = std::function<result<std::unique_ptr<view_store>>()>;

  two_stores(opener open_other, const std::vector<migration>& steps)
      : open_other_(std::move(open_other)) {
    open();
    must(memory_.migrate(steps, migration_mode::apply));
    must(other_->migrate(steps, migration_mode::apply));
  }

  void step() {
    switch (choose_.below(10)) {
      case 0:
      case 1:
      case 2:
        return transact();
      case 3: {
        const auto projector = choose_.one_of(projectors);
        return compare("checkpoint",
                       [&](view_store& store) { return store.checkpoint(projector); });
      }
      case 4: {
        const auto table = choose_.one_of(tables);
        const auto key = a_key();
        return compare("get", [&](view_store& store) { return store.get(table, key); });
      }
      case 5:
      case 6:
      case 7:
        return query();
      case 8: {
        const auto projector = choose_.one_of(projectors);
        const auto after = choose_.below(10);
        const auto limit = choose_.below(6);
        return compare("dead_letters", [&](view_store& store) {
          return store.dead_letters(projector, after, limit);
        });
      }
      default:
        if (choose_.chance(25)) return open();
        if (choose_.chance(8)) {
          const auto table = choose_.one_of(tables);
          const auto projector = choose_.one_of(projectors);
          return compare("reset", [&](view_store& store) { return store.reset(projector, table); });
        }
    }
  }

  [[nodiscard]] std::size_t rows_seen() const { return rows_seen_; }

 private:
  void equal(const char* name, const std::string& expected, const std::string& actual) {
    if (expected == actual) return;
    BOOST_FAIL(name << " differs with TROUPE_SEED=" << choose_.seed() << "\nmemory: " << expected
                    << "\nother: " << actual);
  }

  template <class Operation>
  void compare(const char* name, Operation operation) {
    equal(name, show(operation(static_cast<view_store&>(memory_))), show(operation(*other_)));
  }

  void open() {
    other_.reset();
    other_ = must(open_other_());
  }

  std::string a_key() { return choose_.one_of(words) + std::to_string(choose_.below(12)); }
  json a_number() {
    switch (choose_.below(4)) {
      case 0:
        return nullptr;
      case 1:
        return static_cast<std::int64_t>(choose_.bits());
      default:
        return static_cast<std::int64_t>(choose_.below(5)) - 2;
    }
  }
  json a_value() {
    switch (choose_.below(6)) {
      case 0:
        return nullptr;
      case 1:
        return choose_.one_of(words);
      case 2:
        return choose_.chance(50);
      case 3:
        return a_number();
      case 4:
        return json{choose_.one_of(words), a_number(), json::object()};
      default:
        return json{{choose_.one_of(words), a_number()}, {"nested", {{"list", json::array()}}}};
    }
  }

  json a_row(const view_table& table) {
    if (choose_.chance(3)) {
      const json text_with_nul = std::string("a\0", 2);
      return choose_.chance(50) ? json{{"id", 7}} : json{{"id", "1"}, {"word", text_with_nul}};
    }
    const auto or_null = [&](json value) { return choose_.chance(20) ? json() : value; };
    if (table.name == "others") return {{"id", a_key()}, {"word", or_null(choose_.one_of(words))}};
    // Fractions that both sides print alike.
    const auto ratio = static_cast<double>(choose_.below(1000)) / 8 - 50;
    return {{"id", a_key()},
            {"word", choose_.one_of(words)},
            {"at", or_null(choose_.one_of(words))},
            {"amount", a_number()},
            {"ratio", or_null(ratio)},
            {"flag", or_null(choose_.chance(50))},
            {"extra", a_value()}};
  }

  void transact() {
    const auto projector = choose_.one_of(projectors);
    const auto now = must(memory_.checkpoint(projector));
    const auto expected = choose_.chance(90) ? now : now + choose_.below(3);
    const auto next = expected + choose_.below(3);
    auto in_memory = must(memory_.begin(projector, expected, next));
    auto in_other = must(other_->begin(projector, expected, next));
    const auto both = [&](const char* name, auto operation) {
      equal(name, show(operation(*in_memory)), show(operation(*in_other)));
    };
    for (auto operations = choose_.below(5); operations > 0; --operations) {
      const auto table = choose_.one_of(tables);
      std::vector<std::string> keys(choose_.below(5));
      for (auto& key : keys) key = a_key();
      switch (choose_.below(5)) {
        case 0: {
          std::vector<json> rows(choose_.below(6));
          for (auto& row : rows) row = a_row(table);
          both("upsert", [&](view_transaction& one) { return one.upsert(table, rows); });
          break;
        }
        case 1:
          both("remove", [&](view_transaction& one) { return one.remove(table, keys); });
          break;
        case 2:
          both("fetch", [&](view_transaction& one) {
            auto rows = one.fetch(table, keys);
            if (rows) std::ranges::sort(*rows);
            return rows;
          });
          break;
        case 3: {
          std::vector<std::uint64_t> ids;
          if (const auto parked = must(memory_.dead_letters(projector, 0, 2)); choose_.chance(80)) {
            for (const auto& one : parked) ids.push_back(one.id);
          } else {
            ids.push_back(1'000 + choose_.below(20));
          }
          both("unpark", [&](view_transaction& one) { return one.unpark(ids); });
          break;
        }
        default: {
          const dead_letter letter{99,
                                   choose_.one_of(projectors),
                                   a_key(),
                                   {"identity", a_key()},
                                   choose_.below(100),
                                   3,
                                   "e",
                                   "T",
                                   choose_.one_of(words),
                                   timestamp(std::chrono::milliseconds(choose_.below(100'000)))};
          both("park", [&](view_transaction& one) { return one.park(std::vector(2, letter)); });
        }
      }
    }
    if (choose_.chance(80)) both("commit", [](view_transaction& one) { return one.commit(); });
  }

  void query() {
    const auto things = choose_.chance(70);
    const auto& table = tables[things ? 0 : 1];
    view_query query;
    const std::vector<std::string> columns =
        things ? std::vector<std::string>{"", "id", "word", "at", "amount", "ratio", "flag"}
               : std::vector<std::string>{"", "id", "word"};
    query.order_by = choose_.one_of(columns);
    query.descending = choose_.chance(50);
    query.limit = choose_.chance(5) ? choose_.below(2) * 1001 : choose_.below(6) + 1;
    if (choose_.chance(30)) query.equals.emplace_back("word", choose_.one_of(words));
    if (things && choose_.chance(20)) {
      query.equals.emplace_back(
          "flag", choose_.one_of(std::vector<json>{true, false, nullptr, "true", "false"}));
    }
    if (things && choose_.chance(20)) {
      query.equals.emplace_back("amount",
                                choose_.one_of(std::vector<json>{0, 1, -2, nullptr, "1", "-2"}));
    }
    if (things && choose_.chance(10))
      query.equals.emplace_back("extra", choose_.one_of(std::vector<json>{nullptr, true}));
    for (int page = 0; page < 30; ++page) {
      const auto expected = memory_.query(table, query);
      const auto actual = other_->query(table, query);
      equal(("query by '" + query.order_by + "'").c_str(), show(expected), show(actual));
      if (!expected || expected->next.empty()) return;
      rows_seen_ += expected->rows.size();
      query.after = expected->next;
    }
  }

  random_choices choose_;
  opener open_other_;
  testkit::memory_view_store memory_;
  std::unique_ptr<view_store> other_;
  std::size_t rows_seen_ = 0;
};

BOOST_AUTO_TEST_SUITE(view_store_equality)

BOOST_AUTO_TEST_CASE(memory_and_sqlite_give_the_same_answers_to_every_operation) {
  std::size_t rows = 0;
  for (int round = 0; round < 3; ++round) {
    const temporary_directory directory;
    two_stores both([&] { return sqlite::open_view_store(directory / "views.db"); },
                    migrations("uuid", "timestamptz"));
    for (int i = 0; i < 600; ++i) both.step();
    rows += both.rows_seen();
  }
  BOOST_TEST(rows > 500U);
}

BOOST_AUTO_TEST_CASE(memory_and_postgres_give_the_same_answers_to_every_operation) {
  std::size_t rows = 0;
  for (int round = 0; round < 3; ++round) {
    const auto url = postgres_server::shared().fresh_schema();
    two_stores both([&] { return postgres::open_view_store(url); }, migrations("text", "text"));
    for (int i = 0; i < 600; ++i) both.step();
    rows += both.rows_seen();
  }
  BOOST_TEST(rows > 500U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe::contract
