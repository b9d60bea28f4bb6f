#include "runtime/node/migration_files.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

namespace troupe {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The highest number at the beginning of a file name of the directory; 0 if there is none.
std::uint64_t last_number(const std::filesystem::path& directory, const std::string& extension) {
  std::uint64_t last = 0;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(directory, none)) {
    const auto name = entry.path().filename().string();
    std::uint64_t number = 0;
    const auto [end, status] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (status == std::errc{} && *end == '_' && name.ends_with(extension))
      last = std::max(last, number);
  }
  return last;
}

/// "2026-01-31T12:34:56.789Z" as 20260131123456.
std::string digits_of(timestamp now) {
  auto text = format_time(now).substr(0, 19);
  std::erase_if(text, [](char c) { return !is_digit(c); });
  return text;
}

}  // namespace

result<std::vector<migration>> read_migrations(const std::filesystem::path& directory) {
  std::error_code failed;
  std::vector<std::pair<std::string, std::string>> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory, failed)) {
    const auto name = entry.path().filename().string();
    if (!is_digit(name.front()) || !name.ends_with(".sql")) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    if (!file) return error{errc::not_found, entry.path().string() + " cannot be read"};
    files.emplace_back(name, std::string(std::istreambuf_iterator<char>(file), {}));
  }
  if (failed) return error{errc::not_found, "open " + directory.string() + ": " + failed.message()};
  if (files.empty()) {
    return error{errc::not_found, "first " + directory.string() +
                                      ": file does not exist; give the directory that holds files "
                                      "like 000001_create_users.up.sql"};
  }
  return parse_migrations(files);
}

result<std::vector<std::filesystem::path>> create_migration(const std::filesystem::path& directory,
                                                            const std::string& name,
                                                            const std::string& extension,
                                                            const migration_numbering& numbering,
                                                            timestamp now) {
  const auto invalid = [](const std::string& why) { return error{errc::invalid, why}; };
  if (name.find('/') != std::string::npos || name.find('\0') != std::string::npos)
    return invalid("'" + name + "' cannot be part of a file name; leave the '/' out");
  if (numbering.digits <= 0) return invalid("digits must be positive");
  auto number = digits_of(now);
  if (numbering.sequential) {
    number = std::to_string(last_number(directory, extension) + 1);
    const auto digits = static_cast<std::size_t>(numbering.digits);
    if (number.size() > digits) {
      return invalid("next sequence number " + number + " too large, at most " +
                     std::to_string(digits) + " digits are allowed");
    }
    number.insert(0, digits - number.size(), '0');
  }
  std::error_code failed;
  std::filesystem::create_directories(directory, failed);
  for (const auto& entry : std::filesystem::directory_iterator(directory, failed)) {
    if (entry.path().filename().string().starts_with(number + "_"))
      return invalid("duplicate migration version: " + number);
  }
  if (failed) return error{errc::unavailable, directory.string() + ": " + failed.message()};
  std::vector<std::filesystem::path> made;
  for (const auto* direction : {".up", ".down"}) {
    made.push_back(directory / (number + "_" + name + direction + extension));
    if (!std::ofstream(made.back())) {
      return error{errc::unavailable, made.back().string() + " cannot be written"};
    }
  }
  return made;
}

}  // namespace troupe
