#pragma once

#include <CLI/CLI.hpp>

#include <filesystem>
#include <string>

namespace troupe {

/// For a flag that names a file with a secret. What was given is not repeated: who gives the secret
/// itself must not find it in a log.
inline CLI::Validator secret_file() {
  const auto check = [](std::string& path) {
    std::error_code failed;
    return std::filesystem::is_regular_file(path, failed)
               ? std::string()
               : std::string(
                     "what was given names no file; give the name of the file that holds "
                     "the secret");
  };
  return {check, "FILE"};
}

}  // namespace troupe
