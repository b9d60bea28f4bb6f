#pragma once

#include <string_view>

#include "runtime/core/caller.hpp"
#include "runtime/core/clock.hpp"

namespace troupe {

/// What became of a token.
struct token_verdict {
  enum class outcome {
    accepted,
    refused,
    unavailable,  ///< Nobody's tokens can be checked now; try again later.
    must_wait,    ///< The answer would have to be waited for, and the caller must not.
  };

  outcome what = outcome::refused;
  caller who;               ///< With a subject, when accepted.
  timestamp until{};        ///< When the token expires, if accepted.
  const char* reason = "";  ///< Why not: a literal for metrics, never for whoever sent the token.
};

/// Finds out whom a bearer token speaks for. Thread-safe.
class authenticator {
 public:
  enum class waiting { allowed, forbidden };

  virtual ~authenticator() = default;
  virtual token_verdict check(std::string_view token, waiting may_wait) = 0;
};

}  // namespace troupe
