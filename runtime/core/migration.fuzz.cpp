#include "runtime/core/migration.hpp"

#include <algorithm>

#include "runtime/testkit/fuzzing.hpp"

/// Each line is the name of a migration file.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using troupe::testkit::require;
  std::vector<std::pair<std::string, std::string>> files;
  for (auto rest = troupe::testkit::text_of(data, size); !rest.empty() && files.size() < 100;) {
    const auto end = std::min(rest.find('\n'), rest.size());
    const std::string name(rest.substr(0, end));
    files.emplace_back(name, "-- " + name);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  const auto parsed = troupe::parse_migrations(files);
  if (!parsed) {
    require(parsed.error().code == troupe::errc::invalid, "a refusal is 'invalid'");
    return 0;
  }
  std::uint64_t before = 0;
  std::vector<std::pair<std::string, std::string>> again;
  for (const auto& one : *parsed) {
    require(one.version > before, "versions rise");
    before = one.version;
    require(!one.name.empty() && !one.up.empty(), "each has a name and a way up");
    require(one.up.ends_with(".up.sql"), "the way up is not the way down");
    require(one.down.empty() || one.down.ends_with(".down.sql"), "nor the other way round");
    const auto stem = std::to_string(one.version) + '_' + one.name;
    again.emplace_back(stem + ".up.sql", one.up);
    if (!one.down.empty()) again.emplace_back(stem + ".down.sql", one.down);
  }
  const auto same = troupe::parse_migrations(again);
  require(same && same->size() == parsed->size(), "what was parsed can be named anew");
  return 0;
}
