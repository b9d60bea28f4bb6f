#include "runtime/node/without_secrets.hpp"

#include <algorithm>

namespace troupe {
namespace {

constexpr std::string_view blanks = " \t\r\n";

/// `scheme://user:secret@host` becomes `scheme://host`. A password may hold any character but a
/// blank, an `@` too; so all up to the last one goes.
std::string without_user(std::string_view word) {
  const auto at = word.rfind('@');
  if (at == std::string_view::npos) return std::string(word);
  const auto before = word.substr(0, at);
  std::size_t start = 0;
  if (const auto scheme = before.find("://"); scheme != std::string_view::npos) {
    start = scheme + 3;
  } else if (const auto opening = before.find_first_of("='\"(");
             opening != std::string_view::npos) {
    start = opening + 1;
  }
  return std::string(word.substr(0, start)).append(word.substr(at + 1));
}

std::string without_password(std::string word) {
  constexpr std::string_view key = "password=";
  for (auto at = word.find(key); at != std::string::npos; at = word.find(key, at)) {
    at += key.size();
    word.erase(at, std::min(word.find_first_of("&'\";", at), word.size()) - at);
  }
  return word;
}

}  // namespace

std::string without_secrets(std::string_view line) {
  std::string shown;
  while (!line.empty()) {
    const auto blank = std::min(line.find_first_of(blanks), line.size());
    shown += without_password(without_user(line.substr(0, blank)));
    const auto next = std::min(line.find_first_not_of(blanks, blank), line.size());
    shown += line.substr(blank, next - blank);
    line.remove_prefix(next);
  }
  return shown;
}

}  // namespace troupe
