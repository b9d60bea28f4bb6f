#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace troupe::sqlite {

/// A piece of SQL text, by SQLite's rules; comments and white space are skipped.
struct sql_token {
  enum class kind { word, quoted, other, end };
  kind what = kind::end;
  std::string_view text;
  std::size_t from = 0;  ///< Offsets in the whole text.
  std::size_t to = 0;

  /// An unquoted word, whatever its case; `upper` is in upper case.
  [[nodiscard]] bool is(std::string_view upper) const;
};

/// Reads SQL text token by token.
class sql_tokens {
 public:
  explicit sql_tokens(std::string_view sql) : sql_(sql) {}
  sql_token next();

 private:
  void skip_blanks();

  std::string_view sql_;
  std::size_t at_ = 0;
};

/// ASCII only, as SQLite does it.
std::string upper_case(std::string_view text);

}  // namespace troupe::sqlite
