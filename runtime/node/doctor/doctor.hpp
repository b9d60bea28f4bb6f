#pragma once

#include <functional>
#include <iosfwd>
#include <map>
#include <string>
#include <vector>

#include "runtime/core/clock.hpp"
#include "runtime/core/diagnosis.hpp"
#include "runtime/core/feature.hpp"
#include "runtime/node/cli/node_client.hpp"
#include "runtime/node/migrate_command.hpp"
#include "runtime/node/settings.hpp"

namespace troupe {

/// What an adapter finds at what these settings name. Changes nothing.
using examination = std::function<std::vector<diagnosis>(const settings&)>;

/// What the doctor looks with.
struct doctor_bag {
  const std::vector<feature>& features;
  const std::map<std::string, migration_opener>& openers;
  const std::vector<examination>& examinations;
  const http_client& client;
  const environment& env;
  const clock& time;
  std::string version;
  std::ostream& out;
};

/// `troupe doctor`: looks at everything that a node with these arguments of `troupe run` would
/// need, and at the node that runs, if one does. Each finding is a line with what to do, or with
/// `--json` a member of one document. Returns the exit status: 0 when nothing fails, 1 otherwise.
int run_doctor(std::vector<std::string> arguments, const doctor_bag& bag);

}  // namespace troupe
