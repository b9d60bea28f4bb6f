#include "bridges/sqlite/column_types.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "bridges/sqlite/sql_tokens.hpp"

namespace troupe::sqlite {
namespace {

template <std::size_t Size>
bool is_one_of(const sql_token& token, const std::array<std::string_view, Size>& words) {
  return std::ranges::any_of(words, [&](auto word) { return token.is(word); });
}

/// What may begin a definition at the top level of CREATE TABLE other than a column.
constexpr std::array<std::string_view, 5> table_constraints = {"CONSTRAINT", "PRIMARY", "UNIQUE",
                                                               "CHECK", "FOREIGN"};

/// What ends a column's type.
constexpr std::array<std::string_view, 11> column_constraints = {
    "CONSTRAINT", "PRIMARY", "NOT",        "NULL",      "UNIQUE", "CHECK",
    "DEFAULT",    "COLLATE", "REFERENCES", "GENERATED", "AS"};

constexpr std::array<std::string_view, 10> number_words = {
    "INT",   "INTEGER", "SERIAL",  "REAL",     "DOUBLE",
    "FLOAT", "NUMERIC", "DECIMAL", "UNSIGNED", "SIGNED"};

bool is_number_word(std::string_view word) {
  if (std::ranges::find(number_words, word) != number_words.end()) return true;
  // bigint, int8, smallserial, float4, …
  while (!word.empty() && word.back() >= '0' && word.back() <= '9') word.remove_suffix(1);
  for (const std::string_view size : {"BIG", "SMALL", "TINY", "MEDIUM"}) {
    if (word.starts_with(size)) {
      word.remove_prefix(size.size());
      break;
    }
  }
  return word == "INT" || word == "SERIAL" || word == "FLOAT";
}

/// SQLite's own rules for the affinity of a type (sqlite.org/datatype3.html, 3.1), as far as text
/// is concerned.
bool has_text_or_no_affinity(std::string_view upper) {
  const auto has = [&](std::string_view part) {
    return upper.find(part) != std::string_view::npos;
  };
  if (has("INT")) return false;
  return upper.empty() || has("CHAR") || has("CLOB") || has("TEXT") || has("BLOB");
}

/// An edit of the text: what to put in place of [from, to).
struct edit {
  std::size_t from;
  std::size_t to;
  std::string text;
};

/// Looks at one column's type, the text [from, to).
void mend_type(std::string_view sql, std::size_t from, std::size_t to, std::vector<edit>& edits) {
  const auto type = upper_case(sql.substr(from, to - from));
  const auto kind = kind_of(type);
  if (kind == column_kind::number || kind == column_kind::boolean) return;
  if (has_text_or_no_affinity(type)) return;
  // "INT" anywhere in a type makes a number of it ("interval"), whatever else it says.
  const bool replace = type.find("INT") != std::string::npos;
  edits.push_back(replace ? edit{from, to, "TEXT"} : edit{to, to, " TEXT"});
}

std::vector<edit> edits_of(std::string_view sql) {
  using kind = sql_token::kind;
  std::vector<edit> edits;
  sql_tokens tokens(sql);
  auto token = tokens.next();
  while (token.what != kind::end && token.text != "(") token = tokens.next();
  while (token.what != kind::end && token.text != ")") {
    const auto name = tokens.next();
    token = name;
    if (name.what == kind::quoted || !is_one_of(name, table_constraints)) {
      const auto first = tokens.next();
      token = first;
      std::size_t end = first.from;
      while ((token.what == kind::word && !is_one_of(token, column_constraints)) ||
             token.what == kind::quoted) {
        end = token.to;
        token = tokens.next();
      }
      if (end > first.from) mend_type(sql, first.from, end, edits);
    }
    // On to the comma or the bracket that ends this definition.
    for (int depth = 0; token.what != kind::end; token = tokens.next()) {
      if (token.text == "(") ++depth;
      if (depth == 0 && (token.text == "," || token.text == ")")) break;
      if (token.text == ")") --depth;
    }
  }
  return edits;
}

}  // namespace

column_kind kind_of(std::string_view declared_type) {
  const auto first = upper_case(sql_tokens(declared_type).next().text);
  if (first == "BOOLEAN" || first == "BOOL") return column_kind::boolean;
  if (first == "JSON" || first == "JSONB") return column_kind::json;
  return is_number_word(first) ? column_kind::number : column_kind::text;
}

std::string with_text_affinity(std::string_view create_table) {
  std::string mended(create_table);
  auto edits = edits_of(create_table);
  for (auto edit = edits.rbegin(); edit != edits.rend(); ++edit) {
    mended.replace(edit->from, edit->to - edit->from, edit->text);
  }
  return mended;
}

result<void> keep_text_as_text(database& target) {
  std::vector<std::pair<std::string, std::string>> mended;
  {
    auto tables = target.prepare(
        "SELECT s.name, s.sql FROM sqlite_schema s JOIN pragma_table_list l ON l.name = s.name "
        "WHERE s.type = 'table' AND l.schema = 'main' AND l.type = 'table' AND NOT l.strict "
        "AND s.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND s.name <> 'schema_migrations'");
    if (!tables) return std::move(tables).error();
    for (;;) {
      auto row = tables->step();
      if (!row) return std::move(row).error();
      if (!*row) break;
      auto sql = with_text_affinity(tables->text(1));
      if (sql != tables->text(1)) mended.emplace_back(tables->string(0), std::move(sql));
    }
  }
  if (mended.empty()) return {};

  // The procedure that sqlite.org/lang_altertable.html gives for changes that leave the stored rows
  // as they are.
  const auto version = target.number("PRAGMA schema_version");
  if (!version) return version.error();
  if (auto open = target.execute("PRAGMA writable_schema = ON"); !open) return open;
  const auto rewrite = [&]() -> result<void> {
    auto update =
        target.prepare("UPDATE sqlite_schema SET sql = ?2 WHERE type = 'table' AND name = ?1");
    if (!update) return std::move(update).error();
    for (const auto& [name, sql] : mended) {
      if (auto done = update->bind(0, name).bind(1, sql).run(); !done) return done;
    }
    return {};
  };
  auto rewritten = rewrite();
  if (rewritten) {
    rewritten = target.execute("PRAGMA schema_version = " + std::to_string(*version + 1));
  }
  const auto closed = target.execute("PRAGMA writable_schema = RESET");
  return rewritten ? closed : rewritten;
}

}  // namespace troupe::sqlite
