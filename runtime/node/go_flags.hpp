#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/core/result.hpp"

namespace troupe {

/// A command line taken apart by the rules of Go's flag package: `-name value`, `-name=value`,
/// `--name …`; switches take a value only with '='; flags end at the first argument that is none,
/// or at `--`.
struct go_flags {
  std::map<std::string, std::string> values;
  std::vector<std::string> rest;

  [[nodiscard]] bool on(const std::string& name) const;
  [[nodiscard]] std::string value(const std::string& name, const std::string& otherwise = "") const;

  /// `invalid` for a flag of neither kind, a missing value, a switch that is neither on nor off.
  static result<go_flags> parse(const std::vector<std::string>& arguments,
                                const std::vector<std::string>& with_value,
                                const std::vector<std::string>& switches);
};

}  // namespace troupe
