#pragma once

#include <string>
#include <string_view>

#include "bridges/sqlite/database.hpp"

namespace troupe::sqlite {

/// How a column's values look in JSON, decided by its declared type, which migrations share with
/// PostgreSQL.
enum class column_kind {
  text,     ///< text, varchar(n), uuid, timestamptz, date and every type not named below.
  number,   ///< integer, bigint, smallint, serial, real, double precision, numeric, …
  boolean,  ///< boolean
  json,     ///< json, jsonb
};

column_kind kind_of(std::string_view declared_type);

/// The text of a CREATE TABLE statement with types under which SQLite keeps text as it is. SQLite
/// takes a type that it does not know ("uuid", "timestamptz", "jsonb") for numeric and stores the
/// text 00012 as the number 12; the type "uuid TEXT" is text to it and still says uuid.
std::string with_text_affinity(std::string_view create_table);

/// Applies `with_text_affinity` to the tables of a database. Call it within a transaction.
result<void> keep_text_as_text(database& target);

}  // namespace troupe::sqlite
