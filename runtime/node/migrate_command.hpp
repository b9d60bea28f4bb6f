#pragma once

#include <functional>
#include <iosfwd>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/core/migrator.hpp"

namespace troupe {

/// Opens the schema of the database that a URL names.
using migration_opener =
    std::function<result<std::unique_ptr<migration_target>>(const std::string& url)>;

/// Where `troupe migrate` reads answers from and writes to.
struct console {
  std::istream& in;
  std::ostream& err;
};

/// `troupe migrate …`: flags, output (all of it to stderr) and exit status of the golang-migrate
/// CLI: 0 done, 1 failed, 2 an unknown flag or command. `arguments` are those after "migrate";
/// `openers` go by the URL's scheme.
int migrate_command(const std::vector<std::string>& arguments,
                    const std::map<std::string, migration_opener>& openers, const console& out);

}  // namespace troupe
