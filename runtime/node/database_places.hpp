#pragma once

#include <optional>
#include <string>

#include "runtime/core/view_store.hpp"
#include "runtime/node/settings.hpp"

namespace troupe {

/// A database of the view store.
struct configured_database {
  std::string url;
  bool shared = false;  ///< The one for whatever has none of its own.
};

/// Where a feature's tables are, the first of these that is set: VIEW_DB_<FEATURE> or
/// MIC_DB_<FEATURE> (the feature's name in upper case, '-' as '_'), `--postgres`, or a URL made of
/// POSTGRES_HOST, POSTGRES_PORT, POSTGRES_DB, POSTGRES_USER and POSTGRES_PASSWORD, if there is a
/// POSTGRES_HOST.
std::optional<configured_database> place_of(const settings& options, const environment& env,
                                            const std::string& feature, database_role role);

/// The process's own environment.
std::optional<std::string> from_environment(const std::string& name);

}  // namespace troupe
