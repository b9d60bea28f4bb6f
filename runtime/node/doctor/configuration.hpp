#pragma once

#include <string>
#include <vector>

#include "runtime/core/diagnosis.hpp"
#include "runtime/node/settings.hpp"

namespace troupe {

/// The settings that `troupe run` would have with these arguments, and everything that is wrong
/// with them. What is wrong is left at its default, so that the rest can be looked at.
struct examined_settings {
  settings options;
  std::vector<diagnosis> found;
};
examined_settings examine_settings(const std::vector<std::string>& arguments,
                                   const environment& env, const std::string& version);

}  // namespace troupe
