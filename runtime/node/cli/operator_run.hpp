#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <iosfwd>

#include "runtime/core/clock.hpp"
#include "runtime/node/cli/node_client.hpp"
#include "runtime/node/cli/operator_command.hpp"

namespace troupe {

/// What a command for a running node works with.
struct operator_surroundings {
  http_client client;
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  std::size_t width = 0;      ///< Columns of the terminal that `out` is; 0 when it is none.
  bool err_terminal = false;  ///< Progress can be drawn there.
  const clock& time;
  id_source& ids;
  std::function<void(std::chrono::milliseconds)> pause;  ///< Between two looks at a rebuild.
};

/// Asks a node and shows its answer. Returns the exit status: 0 done, 1 when the node refused or
/// cannot be reached, 2 for bad usage.
int run_operator(operator_command command, const operator_surroundings& with);

}  // namespace troupe
