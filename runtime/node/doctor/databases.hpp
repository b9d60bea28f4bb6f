#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/core/diagnosis.hpp"
#include "runtime/core/feature.hpp"
#include "runtime/node/migrate_command.hpp"
#include "runtime/node/settings.hpp"

namespace troupe {

/// Whether the databases of all features can be reached, and how their schemas stand to the
/// migrations of this program. Changes nothing there. `openers` go by the URL's scheme.
std::vector<diagnosis> examine_databases(const settings& options, const environment& env,
                                         const std::vector<feature>& features,
                                         const std::map<std::string, migration_opener>& openers);

}  // namespace troupe
