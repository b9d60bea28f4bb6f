#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bridges/jwt/verification_key.hpp"

namespace troupe::jwt {

/// The keys of an issuer by their ids (`kid`). Immutable once parsed.
class key_set {
 public:
  /// Bytes of a key set's text.
  static constexpr std::size_t max_bytes = std::size_t{256} * 1024;
  static constexpr std::size_t max_keys = 100;

  /// From a JSON Web Key Set (RFC 7517, section 5). A key that cannot be used is left out, and so
  /// are all that share one id. `invalid`: it is no key set, or no key of it can be used.
  static result<key_set> parse(std::string_view text);

  /// Null when there is none.
  [[nodiscard]] const verification_key* find(const std::string& id) const;

  /// `{"keys":{id: algorithm},"leftOut":[why]}`
  [[nodiscard]] json describe() const;

 private:
  std::map<std::string, verification_key> keys_;
  std::vector<std::string> left_out_;
};

}  // namespace troupe::jwt
