#pragma once

#include <functional>
#include <string>

#include "runtime/testkit/failure.hpp"

namespace troupe::testkit {

/// The text of the failure; "" if there is none.
inline std::string failing(const std::function<void()>& test) {
  try {
    test();
  } catch (const failure& problem) {
    return problem.what();
  }
  return "";
}

}  // namespace troupe::testkit
