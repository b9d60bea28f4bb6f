#include "runtime/core/migration.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <string_view>

namespace troupe {
namespace {

struct file_name {
  std::uint64_t version = 0;
  std::string name;
  bool up = false;
};

result<file_name> parse_name(std::string_view text) {
  const auto misnamed = [&] {
    return error{
        errc::invalid,
        "migration file '" + std::string(text) +
            "' must be named like 000001_create_users.up.sql or 000001_create_users.down.sql"};
  };
  file_name parsed;
  std::string_view rest = text;
  if (rest.ends_with(".up.sql")) {
    parsed.up = true;
    rest.remove_suffix(7);
  } else if (rest.ends_with(".down.sql")) {
    rest.remove_suffix(9);
  } else {
    return misnamed();
  }
  const auto [end, status] =
      std::from_chars(rest.data(), rest.data() + rest.size(), parsed.version);
  const auto digits = static_cast<std::size_t>(end - rest.data());
  if (status != std::errc{} || parsed.version == 0 || digits + 1 >= rest.size() ||
      rest[digits] != '_')
    return misnamed();
  parsed.name = rest.substr(digits + 1);
  return parsed;
}

}  // namespace

result<std::vector<migration>> parse_migrations(
    const std::vector<std::pair<std::string, std::string>>& files) {
  std::map<std::uint64_t, migration> found;
  std::map<std::uint64_t, bool> has_up;
  for (const auto& [name, text] : files) {
    auto parsed = parse_name(name);
    if (!parsed) return std::move(parsed).error();
    auto& one = found.try_emplace(parsed->version, migration{parsed->version, parsed->name, "", ""})
                    .first->second;
    if (one.name != parsed->name) {
      return error{errc::invalid, "migration " + std::to_string(one.version) + " has two names, '" +
                                      one.name + "' and '" + parsed->name +
                                      "'; give one of them another number"};
    }
    (parsed->up ? one.up : one.down) = text;
    has_up[parsed->version] = has_up[parsed->version] || parsed->up;
  }
  std::vector<migration> ordered;
  ordered.reserve(found.size());
  for (auto& [version, one] : found) {
    if (!has_up[version]) {
      return error{errc::invalid, "migration " + std::to_string(version) + " '" + one.name +
                                      "' has no .up.sql file; add it"};
    }
    ordered.push_back(std::move(one));
  }
  return ordered;
}

}  // namespace troupe
