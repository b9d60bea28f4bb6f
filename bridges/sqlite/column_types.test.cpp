#include "bridges/sqlite/column_types.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

#include "test/contract/contract.hpp"
#include "test/contract/temporary_directory.hpp"

namespace troupe::sqlite {
namespace {

using contract::must;
using contract::temporary_directory;

BOOST_AUTO_TEST_SUITE(column_types)

BOOST_AUTO_TEST_CASE(a_declared_type_says_how_values_look) {
  for (const auto* type : {"boolean", "BOOL", "Boolean NOT NULL"}) {
    BOOST_TEST((kind_of(type) == column_kind::boolean), type);
  }
  for (const auto* type : {"json", "jsonb", "JSONB TEXT"}) {
    BOOST_TEST((kind_of(type) == column_kind::json), type);
  }
  for (const auto* type :
       {"integer", "INT", "bigint", "smallint", "int8", "serial", "bigserial", "real", "float8",
        "double precision", "numeric(10,2)", "decimal", "unsigned big int"}) {
    BOOST_TEST((kind_of(type) == column_kind::number), type);
  }
  for (const auto* type :
       {"text", "varchar(20)", "uuid", "uuid TEXT", "timestamptz", "timestamp with time zone",
        "date", "interval", "point", "inet", "bytea", "", "integral"}) {
    BOOST_TEST((kind_of(type) == column_kind::text), type);
  }
}

BOOST_AUTO_TEST_CASE(types_that_sqlite_would_take_for_numbers_become_text) {
  BOOST_TEST(
      with_text_affinity(
          "CREATE TABLE t (id uuid PRIMARY KEY, at timestamptz NOT NULL, j jsonb)") ==
      "CREATE TABLE t (id uuid TEXT PRIMARY KEY, at timestamptz TEXT NOT NULL, j jsonb TEXT)");
  BOOST_TEST(
      with_text_affinity(
          "CREATE TABLE t(a timestamp(3), b interval DEFAULT '1', c timestamp with time zone)") ==
      "CREATE TABLE t(a timestamp TEXT(3), b TEXT DEFAULT '1', c timestamp with time zone TEXT)");
}

BOOST_AUTO_TEST_CASE(types_that_are_right_stay_as_they_are) {
  for (const std::string sql :
       {"CREATE TABLE t (a text, b varchar(20), c integer, d boolean, e numeric(10, 2), f double "
        "precision, g, h blob)",
        "CREATE TABLE t (a uuid TEXT)", "CREATE TABLE \"uuid\" (\"uuid\" text, uuid2 TEXT)",
        "CREATE TABLE t (a, b DEFAULT (uuid()), CHECK (a > b), PRIMARY KEY (a, b), UNIQUE (b), "
        "FOREIGN KEY (a) "
        "REFERENCES uuid(json))",
        "CREATE TABLE t (a text /* uuid, jsonb */, -- json, uuid\n b text DEFAULT 'x, y uuid')",
        "CREATE TABLE t (a text CHECK (a IN ('(', ')', ',')), b text COLLATE NOCASE)",
        "CREATE TABLE t", "(", "", "CREATE TABLE t (a text DEFAULT 'it''s, b uuid",
        "CREATE TABLE t (a /*"}) {
    BOOST_TEST(with_text_affinity(sql) == sql);
  }
}

BOOST_AUTO_TEST_CASE(names_that_look_like_types_or_constraints_are_names) {
  BOOST_TEST(
      with_text_affinity(
          "CREATE TABLE \"a (b uuid)\" (\"primary\" uuid, uuid uuid, [json] json, `x,y` date, "
          "\"a\"\"b uuid\" uuid CHECK (length(uuid) > 3), json json DEFAULT ('{}'))") ==
      "CREATE TABLE \"a (b uuid)\" (\"primary\" uuid TEXT, uuid uuid TEXT, [json] json TEXT, `x,y` "
      "date TEXT, "
      "\"a\"\"b uuid\" uuid TEXT CHECK (length(uuid) > 3), json json TEXT DEFAULT ('{}'))");
  BOOST_TEST(
      with_text_affinity("CREATE TABLE t (a uuid--comment\n, b /* c */ uuid /* d */ NOT NULL)") ==
      "CREATE TABLE t (a uuid TEXT--comment\n, b /* c */ uuid TEXT /* d */ NOT NULL)");
}

BOOST_AUTO_TEST_CASE(a_mended_database_keeps_text_and_is_sound) {
  temporary_directory place;
  const auto open = [&] {
    return must(database::open(place / "x.db", database::mode::create, std::chrono::seconds(1)));
  };
  auto first = open();
  auto other = open();
  must(
      first->execute("CREATE TABLE t (id uuid PRIMARY KEY, n integer, \"odd name\" timestamptz); "
                     "CREATE INDEX i ON t (\"odd name\"); CREATE TABLE s (a ANY) STRICT"));
  must(other->number("SELECT count(*) FROM t"));
  must(first->begin());
  must(keep_text_as_text(*first));
  must(first->execute("INSERT INTO t VALUES ('00012', '7', '1e5')"));
  must(first->commit());
  for (auto* one : {first.get(), other.get()}) {
    auto row = must(one->prepare(
        "SELECT id, typeof(n), \"odd name\" FROM t WHERE id = '00012' AND \"odd name\" = '1e5'"));
    BOOST_TEST_REQUIRE(must(row.step()));
    BOOST_TEST(row.text(0) == "00012");
    BOOST_TEST(row.text(1) == "integer");
    BOOST_TEST(row.text(2) == "1e5");
  }
  auto check = must(first->prepare("PRAGMA integrity_check"));
  must(check.step());
  BOOST_TEST(check.text(0) == "ok");
  const auto version = must(first->number("PRAGMA schema_version"));
  must(first->begin());
  must(keep_text_as_text(*first));
  must(first->commit());
  BOOST_TEST(must(first->number("PRAGMA schema_version")) == version,
             "a second time changes nothing");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe::sqlite
