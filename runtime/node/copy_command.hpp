#pragma once

#include <map>
#include <string>

#include "runtime/core/clock.hpp"
#include "runtime/core/log_place.hpp"
#include "runtime/node/progress_line.hpp"

namespace troupe {

/// What `troupe copy` asks for.
struct copy_command {
  std::string from;  ///< A data directory, or a URL whose scheme has an opener.
  std::string to;
  bool json = false;
};

/// Copies all categories of one log to another and compares them. `openers` are by the scheme of a
/// place's URL; "" opens directories. The result goes to `out`, a table or with `json` one
/// document; progress and errors go to `err`. Returns the exit status: 0 copied and equal, 1 broken
/// off or not equal, 2 when nothing was written because it cannot be copied.
int run_copy(const copy_command& asked, const std::map<std::string, log_opener>& openers,
             const command_output& output, const clock& time);

}  // namespace troupe
