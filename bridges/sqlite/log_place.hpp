#pragma once

#include "runtime/core/log_place.hpp"

namespace troupe::sqlite {

/// Opens the log of a data directory, taking the directory's lock. `invalid` for a directory to
/// write to that has views but an empty log: they are of another log, and its positions mean
/// something else here.
result<opened_log> open_log_place(const std::string& directory, log_use use);

}  // namespace troupe::sqlite
