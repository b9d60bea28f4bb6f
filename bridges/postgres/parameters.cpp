#include "bridges/postgres/parameters.hpp"

namespace troupe::postgres {

void array_text::add(const std::string& element) {
  text_ += text_.size() == 1 ? "\"" : ",\"";
  for (const char c : element) {
    if (c == '"' || c == '\\') text_ += '\\';
    text_ += c;
  }
  text_ += '"';
}

void array_text::add_null() { text_ += text_.size() == 1 ? "NULL" : ",NULL"; }

}  // namespace troupe::postgres
