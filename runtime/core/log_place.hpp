#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/core/event_log.hpp"

namespace troupe {

enum class log_use {
  read,   ///< There must be a log; nothing is made.
  write,  ///< Made where it is missing; no node may use it meanwhile.
};

/// A log that was opened by itself, without a node around it.
struct opened_log {
  std::unique_ptr<event_log> log;
  std::vector<std::string> categories;  ///< Those that hold commits, whether a feature knows them
                                        ///< or not; sorted.
};

/// Opens the log at a place: a directory, or a URL. Errors: `invalid` for a place that is none, or
/// where there is no log to read; `unavailable` when it cannot be reached or a node uses it.
using log_opener = std::function<result<opened_log>(const std::string& place, log_use use)>;

}  // namespace troupe
