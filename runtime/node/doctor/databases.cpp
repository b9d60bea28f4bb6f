#include "runtime/node/doctor/databases.hpp"

#include <filesystem>
#include <optional>
#include <utility>

#include "runtime/core/database_url.hpp"
#include "runtime/node/database_places.hpp"

namespace troupe {
namespace {

/// Where a feature's tables are, as a URL; nothing when they are not there yet.
result<std::optional<std::string>> url_of(const settings& options, const environment& env,
                                          const std::string& feature, database_role role) {
  if (options.views == "postgres") {
    auto place = place_of(options, env, feature, role);
    if (!place)
      return error{errc::invalid, "no database is named; set --postgres, VIEW_DB_… and MIC_DB_…"};
    return std::optional(std::move(place->url));
  }
  const auto* folder = role == database_role::views ? "views" : "microservices";
  const auto file = options.data / folder / (feature + ".db");
  if (!std::filesystem::exists(file)) return std::optional<std::string>();
  return std::optional("sqlite://" + file.string());
}

diagnosis compare(const std::string& about, const schema_state& there,
                  const std::vector<migration>& ours, const settings& options) {
  const auto last = ours.back().version;
  const auto at = there.version.value_or(0);
  const auto versions =
      "is at version " + std::to_string(at) + ", this program's last is " + std::to_string(last);
  if (there.dirty) {
    return ill(about, "the migration to version " + std::to_string(at) + " failed half-way",
               "mend the tables by hand, then troupe migrate … force VERSION");
  }
  if (at > last) return ill(about, versions, "run the newer program");
  if (at == last) return well(about, "is at the last version, " + std::to_string(last));
  if (options.migrate == "auto") return well(about, versions + "; a node migrates it at start");
  return ill(about, versions, "troupe migrate … up, or --migrate auto");
}

diagnosis examine(const std::string& about, const std::string& url,
                  const std::vector<migration>& ours,
                  const std::map<std::string, migration_opener>& openers, const settings& options) {
  const auto opener = openers.find(url.substr(0, url.find("://")));
  if (opener == openers.end())
    return ill(about, "there is nothing to open its URL with", "give a postgres:// URL");
  const auto* mend = "start it, or mend the URL, the password or the network";
  auto target = opener->second(url);
  if (!target) return ill(about, target.error().message, mend);
  const auto there = (*target)->read();
  if (!there) return ill(about, there.error().message, mend);
  return compare(about, *there, ours, options);
}

}  // namespace

std::vector<diagnosis> examine_databases(const settings& options, const environment& env,
                                         const std::vector<feature>& features,
                                         const std::map<std::string, migration_opener>& openers) {
  std::vector<diagnosis> found;
  if (options.views == "memory") return found;
  for (const auto& one : features) {
    for (const auto role : {database_role::views, database_role::microservice}) {
      const auto ours = parse_migrations(one.migrations(role));
      if (!ours || ours->empty()) continue;
      const auto about = std::string(role == database_role::views ? "views" : "private tables") +
                         " of " + one.name();
      const auto url = url_of(options, env, one.name(), role);
      if (!url) {
        found.push_back(ill(about, url.error().message, "name a database"));
      } else if (!*url) {
        found.push_back(well(about, "are not there yet; a node makes them from the log"));
      } else {
        found.push_back(examine(about, **url, *ours, openers, options));
      }
    }
  }
  return found;
}

}  // namespace troupe
