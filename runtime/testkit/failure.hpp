#pragma once

#include <stdexcept>
#include <string>

namespace troupe::testkit {

/// A scenario that did not hold. `what()` tells the whole story, so any test framework that prints
/// the text of an escaped exception shows what was expected and what came instead.
class failure : public std::runtime_error {
 public:
  explicit failure(const std::string& story) : std::runtime_error(story) {}
};

}  // namespace troupe::testkit
