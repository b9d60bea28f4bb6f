#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <variant>

#include "bridges/jwt/key_set.hpp"
#include "runtime/core/caller.hpp"
#include "runtime/core/clock.hpp"

namespace troupe::jwt {

/// What a token must say to be taken.
struct expectations {
  std::string issuer;    ///< Exactly `iss`.
  std::string audience;  ///< Exactly `aud`, or one of its members.
  /// The claim with the caller's roles, an array of names.
  std::string roles_claim = "https://client.devpie.io/claims/roles";
  std::chrono::seconds leeway{30};  ///< For clocks that differ; at most 60.
};

/// What a good token says.
struct accepted_token {
  caller who;
  timestamp until{};
};

/// Why a token is not taken. A literal each, for metrics and tests; whoever sent the token is told
/// none of them.
enum class refusal {
  malformed,    ///< Not three parts of canonical base64url with JSON objects in them.
  algorithm,    ///< Not the algorithm that the key is for, or none that is used here.
  critical,     ///< It has extensions that must be understood.
  type,         ///< It is a token for something else.
  unknown_key,  ///< No key has its `kid`.
  signature,
  issuer,
  audience,
  expired,  ///< Or without an end, or with an impossible one.
  not_yet,  ///< `nbf` or `iat` lie ahead.
  subject,  ///< Says not whom it is about.
  roles,    ///< The claim is there and not as it should be.
};
const char* to_string(refusal why) noexcept;

inline constexpr std::size_t max_token_bytes = 8 * 1024;

/// Whether this can be a `kid`: 1 to 256 printable ASCII characters.
bool is_key_id(std::string_view text);

/// Checks a token in compact form (RFC 7515, RFC 7519) the way RFC 8725 asks for: RS256 and ES256
/// only, as the key has it. Header members that bring keys or point at them (`jwk`, `jku`, `x5c`,
/// `x5u`) are not looked at. Nothing of the payload is read before the signature has been checked.
/// Pure.
std::variant<accepted_token, refusal> check_token(std::string_view token, const key_set& keys,
                                                  const expectations& wanted, timestamp now);

}  // namespace troupe::jwt
