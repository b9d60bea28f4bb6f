#pragma once

#include <filesystem>
#include <vector>

#include "runtime/core/diagnosis.hpp"

namespace troupe::sqlite {

/// Who uses a data directory, and whether its log is of a version that this program can read.
/// Changes nothing, and needs no lock.
std::vector<diagnosis> examine_directory(const std::filesystem::path& directory);

}  // namespace troupe::sqlite
