#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <pqxx/pqxx>

#include "runtime/core/json.hpp"
#include "runtime/core/result.hpp"

namespace troupe::postgres {

/// How a column's values look in JSON, decided by the type that PostgreSQL has for it.
enum class column_kind {
  text,     ///< text, varchar, char: JSON text.
  uuid,     ///< JSON text in lower case, as PostgreSQL prints it; no other spelling is taken.
  time,     ///< timestamptz: JSON text like "2026-01-31T12:34:56.789Z", in UTC.
  whole,    ///< smallint, integer, bigint: a JSON number without a fraction.
  real,     ///< real, double precision: a JSON number.
  decimal,  ///< numeric: a JSON number, as exact as a double is.
  boolean,  ///< true or false.
  json,     ///< json, jsonb: any JSON value; null is NULL.
  other,    ///< date, enumerations and so on: JSON text, as PostgreSQL prints it.
};

/// The kind of a type by its name and category in pg_type.
column_kind kind_of(std::string_view type_name);

struct table_column {
  std::string name;
  std::string quoted;   ///< As it stands in SQL.
  std::string type;     ///< As it stands in SQL, without a length.
  std::string ordered;  ///< As it stands in ORDER BY: text is ordered by its bytes.
  column_kind kind = column_kind::text;
  bool required = false;   ///< NOT NULL
  bool generated = false;  ///< Computed by the database: read, never written.

  /// The stored value as JSON. `corrupt` for a JSON column whose text is none.
  [[nodiscard]] result<json> read(const pqxx::field& stored) const;

  /// A row's value, which is not null, as PostgreSQL reads it. Nothing for a value that the column
  /// could not give back as it is.
  [[nodiscard]] std::optional<std::string> write(const json& value) const;

  /// The same for a filter's or a cursor's value: text from a URL stands for the number or boolean
  /// that it spells. `invalid` for what is none; nothing for a value that no row can have.
  [[nodiscard]] result<std::optional<std::string>> wanted(const json& value) const;
};

/// Whether PostgreSQL can store the text: valid UTF-8 without NUL.
bool is_storable(const std::string& text);

/// "2026-01-31 12:34:56.7+00", as PostgreSQL prints a time in UTC, as this project writes it.
std::string time_text(std::string printed);

}  // namespace troupe::postgres
