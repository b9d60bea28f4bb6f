#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "bridges/sqlite/database.hpp"
#include "runtime/core/clock.hpp"
#include "runtime/core/ids.hpp"

namespace troupe::sqlite {

/// "TrLg": see README.md.
inline constexpr file_identity log_identity{0x54724c67, 1, "Troupe event log"};

/// The tables of log.db. Only `streams` (and `commits_by_command`, when callers choose their ids)
/// is filled in random order, because each such tree costs a page of write-ahead log per commit;
/// all others grow at their end.
inline constexpr std::string_view log_tables = R"sql(
CREATE TABLE categories (
  number INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

-- place = category << 48 | position: one tree holds the commits of each category together and in order.
CREATE TABLE commits (
  place INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  first_version INTEGER NOT NULL,
  events INTEGER NOT NULL,
  command_id TEXT NOT NULL,
  digest INTEGER NOT NULL,
  time INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX commits_by_command ON commits (command_id);

CREATE TABLE streams (
  category INTEGER NOT NULL,
  id TEXT NOT NULL,
  first_version INTEGER NOT NULL,
  events INTEGER NOT NULL,
  position INTEGER NOT NULL,
  PRIMARY KEY (category, id, first_version)
) STRICT, WITHOUT ROWID;

-- Numbers rise with time, so the oldest are found without an index.
CREATE TABLE outcomes (
  number INTEGER PRIMARY KEY,
  command_id TEXT NOT NULL UNIQUE,
  digest INTEGER NOT NULL,
  time INTEGER NOT NULL,
  outcome TEXT NOT NULL
) STRICT;

CREATE TABLE fence (
  number INTEGER PRIMARY KEY CHECK (number = 1),
  raised INTEGER NOT NULL
) STRICT;
INSERT INTO fence VALUES (1, 0);
)sql";

inline constexpr int position_bits = 48;
inline constexpr position_t max_position = (position_t{1} << position_bits) - 1;

/// Where a commit is in the table of commits.
constexpr std::int64_t place_of(std::int64_t category, position_t position) {
  return (category << position_bits) | static_cast<std::int64_t>(position);
}

constexpr position_t position_of(std::int64_t place) {
  return static_cast<position_t>(place) & max_position;
}

/// SQLite's integers end earlier than ours; no version, limit or time is beyond either end.
constexpr std::int64_t clamped(std::uint64_t value) {
  constexpr auto largest = std::numeric_limits<std::int64_t>::max();
  return value > static_cast<std::uint64_t>(largest) ? largest : static_cast<std::int64_t>(value);
}

inline std::int64_t millis(timestamp time) { return time.time_since_epoch().count(); }
inline timestamp time_of(std::int64_t millis) {
  return timestamp(std::chrono::milliseconds(millis));
}

}  // namespace troupe::sqlite
