// The bare baselines of storage: SQLite as a program without Troupe would use it.
//
//   sqlite_baseline commits FILE COUNT BATCH   appends COUNT rows like the event log's, BATCH to a
//   transaction, each
//                                              transaction durable (synchronous=FULL)
//   sqlite_baseline rows FILE COUNT BATCH      upserts COUNT rows like the view `users`, BATCH to a
//   transaction
//                                              (synchronous=NORMAL, as the views have it)
//
// Prints rows per second. Keys come in the order in which hashed ids come: none.
#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>

namespace {

sqlite3* database = nullptr;

void check(int code) {
  if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW) return;
  std::cerr << "sqlite_baseline: " << sqlite3_errmsg(database) << '\n';
  std::exit(1);
}

void run(const char* sql) { check(sqlite3_exec(database, sql, nullptr, nullptr, nullptr)); }

sqlite3_stmt* prepare(const char* sql) {
  sqlite3_stmt* made = nullptr;
  check(sqlite3_prepare_v2(database, sql, -1, &made, nullptr));
  return made;
}

/// Looks like an id derived by hashing, and is as random (splitmix64).
std::string scattered_id(std::uint64_t n) {
  const auto mix = [](std::uint64_t x) {
    x += 0x9e3779b97f4a7c15U;
    x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31U);
  };
  char text[40];
  const auto high = mix(n);
  const auto low = mix(high);
  std::snprintf(text, sizeof(text), "%08x-%04x-5%03x-a%03x-%012llx",
                static_cast<unsigned>(high >> 32U), static_cast<unsigned>(high >> 16U) & 0xffffU,
                static_cast<unsigned>(high) & 0xfffU, static_cast<unsigned>(low >> 48U) & 0xfffU,
                static_cast<unsigned long long>(low & 0xffffffffffffU));
  return text;
}

void text(sqlite3_stmt* statement, int at, const std::string& value) {
  check(sqlite3_bind_text(statement, at, value.data(), static_cast<int>(value.size()),
                          SQLITE_TRANSIENT));
}

void step(sqlite3_stmt* statement) {
  check(sqlite3_step(statement));
  check(sqlite3_reset(statement));
}

/// Calls `row(i)` for every row, `batch` of them to a transaction; rows per second.
template <class Row>
double in_batches(std::uint64_t count, std::uint64_t batch, Row row) {
  const auto began = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < count;) {
    run("BEGIN IMMEDIATE");
    for (const auto end = std::min(count, i + batch); i < end; ++i) row(i);
    run("COMMIT");
  }
  return static_cast<double>(count) /
         std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

double commits(std::uint64_t count, std::uint64_t batch) {
  run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
      "CREATE TABLE commits (place INTEGER PRIMARY KEY, id TEXT NOT NULL, first_version INTEGER "
      "NOT NULL,"
      " events INTEGER NOT NULL, command_id TEXT NOT NULL, digest INTEGER NOT NULL, time INTEGER "
      "NOT NULL,"
      " body TEXT NOT NULL) STRICT;"
      "CREATE UNIQUE INDEX commits_by_command ON commits (command_id);"
      "CREATE TABLE streams (category INTEGER NOT NULL, id TEXT NOT NULL, first_version INTEGER "
      "NOT NULL,"
      " events INTEGER NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (category, id, "
      "first_version))"
      " STRICT, WITHOUT ROWID;");
  auto* commit = prepare("INSERT INTO commits VALUES (?1, ?2, 1, 1, ?3, 0, ?1, ?4)");
  auto* stream = prepare("INSERT INTO streams VALUES (1, ?1, 1, 1, ?2)");
  const std::string body(620, 'x');  // The size of a UserAdded with its metadata.
  return in_batches(count, batch, [&](std::uint64_t i) {
    const auto id = scattered_id(i);
    char command[40];
    std::snprintf(command, sizeof(command), "%08llx-0000-7000-8000-000000000000",
                  static_cast<unsigned long long>(i));
    check(sqlite3_bind_int64(commit, 1, static_cast<sqlite3_int64>(i)));
    text(commit, 2, id);
    text(commit, 3, command);
    text(commit, 4, body);
    step(commit);
    text(stream, 1, id);
    check(sqlite3_bind_int64(stream, 2, static_cast<sqlite3_int64>(i)));
    step(stream);
  });
}

double rows(std::uint64_t count, std::uint64_t batch) {
  run("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16384;"
      "PRAGMA wal_autocheckpoint = 4000;"
      "CREATE TABLE users (id TEXT PRIMARY KEY, auth0Id TEXT NOT NULL, email TEXT NOT NULL,"
      " emailVerified INTEGER NOT NULL, firstName TEXT NOT NULL, lastName TEXT NOT NULL, picture "
      "TEXT NOT NULL,"
      " locale TEXT NOT NULL, status TEXT NOT NULL, created TEXT NOT NULL, updated TEXT NOT NULL);"
      "CREATE UNIQUE INDEX users_auth0_id ON users (auth0Id);");
  auto* upsert = prepare(
      "INSERT INTO users VALUES (?1, ?2, ?3, 1, 'Zoë', 'Washburne', "
      "'https://example.com/faces/4711.png', 'en',"
      " 'open', '2026-01-31T12:34:56.789Z', '2026-01-31T12:34:56.789Z') ON CONFLICT (id) DO UPDATE "
      "SET"
      " auth0Id = excluded.auth0Id, email = excluded.email, updated = excluded.updated");
  return in_batches(count, batch, [&](std::uint64_t i) {
    text(upsert, 1, scattered_id(i));
    text(upsert, 2, "auth0|person-" + std::to_string(i));
    text(upsert, 3, "person." + std::to_string(i) + "@example.com");
    step(upsert);
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const std::string mode = argv[1];
  check(sqlite3_open(argv[2], &database));
  const auto count = std::strtoull(argv[3], nullptr, 10);
  const auto batch = std::strtoull(argv[4], nullptr, 10);
  std::cout << static_cast<std::uint64_t>(mode == "commits" ? commits(count, batch)
                                                            : rows(count, batch))
            << std::endl;
  sqlite3_close(database);
  return 0;
}
