#pragma once

#include <utility>

#include "runtime/core/result.hpp"

namespace troupe::postgres {

/// What the exception being handled means. To be called while one is. Every exception of libpqxx
/// ends here:
///
/// | SQLSTATE                                          | code          |
/// | ------------------------------------------------- | ------------- |
/// | 22, 23, 42: data, constraint, statement           | `invalid`     |
/// | 40: rolled back for a deadlock or a serialisation | `conflict`    |
/// | 53, 55, 57, 58, 08, a lost connection             | `unavailable` |
/// | XX: PostgreSQL found damage                       | `corrupt`     |
/// | connection lost during COMMIT                     | `in_doubt`    |
error error_of_current_exception();

/// Runs `work`, which answers a result and may throw.
template <class Work>
auto attempt(Work&& work) -> decltype(work()) {
  try {
    return std::forward<Work>(work)();
  } catch (...) {
    return error_of_current_exception();
  }
}

}  // namespace troupe::postgres
