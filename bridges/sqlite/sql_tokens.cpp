#include "bridges/sqlite/sql_tokens.hpp"

#include <algorithm>

namespace troupe::sqlite {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '$' || static_cast<unsigned char>(c) >= 0x80;
}

}  // namespace

std::string upper_case(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

bool sql_token::is(std::string_view upper) const {
  return what == kind::word && upper_case(text) == upper;
}

void sql_tokens::skip_blanks() {
  while (at_ < sql_.size()) {
    const auto rest = sql_.substr(at_);
    if (is_blank(rest.front())) {
      ++at_;
    } else if (rest.starts_with("--")) {
      at_ = std::min(sql_.find('\n', at_), sql_.size());
    } else if (rest.starts_with("/*")) {
      const auto end = sql_.find("*/", at_ + 2);
      at_ = end == std::string_view::npos ? sql_.size() : end + 2;
    } else {
      return;
    }
  }
}

sql_token sql_tokens::next() {
  skip_blanks();
  sql_token token;
  token.from = at_;
  if (at_ < sql_.size()) {
    const char first = sql_[at_++];
    if (is_word(first)) {
      token.what = sql_token::kind::word;
      while (at_ < sql_.size() && is_word(sql_[at_])) ++at_;
    } else if (first == '"' || first == '\'' || first == '`' || first == '[') {
      token.what = sql_token::kind::quoted;
      const char last = first == '[' ? ']' : first;
      // A doubled quote is one inside; read as two quoted pieces it makes the same whole.
      at_ = std::min(sql_.find(last, at_), sql_.size() - 1) + 1;
      while (last != ']' && at_ < sql_.size() && sql_[at_] == last) {
        at_ = std::min(sql_.find(last, at_ + 1), sql_.size() - 1) + 1;
      }
    } else {
      token.what = sql_token::kind::other;
    }
  }
  token.to = at_;
  token.text = sql_.substr(token.from, token.to - token.from);
  return token;
}

}  // namespace troupe::sqlite
