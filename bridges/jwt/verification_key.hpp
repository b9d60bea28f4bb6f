#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "runtime/core/json.hpp"

namespace troupe::jwt {

/// A public key and the one algorithm that it is for: RS256 (RSA of 2048 to 8192 bits) or ES256
/// (P-256). The key chooses the algorithm, never the token. Immutable and thread-safe.
class verification_key {
 public:
  /// From a JSON Web Key (RFC 7517). `unsupported`: it is for something else; `invalid`: it is
  /// malformed or too weak.
  static result<verification_key> from_jwk(const json& jwk);

  /// "RS256" or "ES256".
  [[nodiscard]] const std::string& algorithm() const { return algorithm_; }

  /// Whether this is the key's signature, in the form of RFC 7518, of the text.
  [[nodiscard]] bool verifies(std::string_view text, std::string_view signature) const;

 private:
  struct handle;
  verification_key(std::string algorithm, std::shared_ptr<const handle> key)
      : algorithm_(std::move(algorithm)), key_(std::move(key)) {}

  std::string algorithm_;
  std::shared_ptr<const handle> key_;
};

}  // namespace troupe::jwt
