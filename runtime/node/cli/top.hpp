#pragma once

#include "runtime/node/cli/operator_run.hpp"

namespace troupe {

/// `troupe top`: a live view on a terminal, which ends with q or Ctrl-C; elsewhere, and with
/// `--once`, one look. Returns the exit status, as `run_operator` does.
int run_top(const operator_command& command, const operator_surroundings& with);

}  // namespace troupe
