#pragma once

#include <string>
#include <vector>

#include "runtime/core/feature.hpp"
#include "runtime/core/verification.hpp"
#include "runtime/node/progress_line.hpp"

namespace troupe {

/// What `troupe check` asks for.
struct check_command {
  std::string place;  ///< A data directory.
  bool json = false;
};

/// Verifies a log, its snapshots and its views offline. Findings go to `out`, one a line with file,
/// stream and position, then a summary; with `json` one JSON document. Progress and errors go to
/// `err`. Returns the exit status: 0 clean, 1 damage found, 2 when nothing could be looked at.
int run_check(const check_command& asked, const std::vector<feature>& features,
              const data_check& open, const command_output& output, const clock& time);

}  // namespace troupe
