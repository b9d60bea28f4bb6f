#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/core/result.hpp"

namespace troupe::http {

/// The tokens that open the admin endpoint. Only their hashes are kept. Immutable.
class admin_tokens {
 public:
  /// From a file with a token in each line, or `name:token`, so that the audit can tell people
  /// apart; empty lines and those with # are skipped. A token is 16 to 512 printable characters
  /// without spaces. `invalid`: there is none, or a line is not right.
  static result<admin_tokens> read(const std::filesystem::path& file);

  /// Whose token this is; nothing when it is nobody's. Takes the same time for all that are not.
  [[nodiscard]] std::optional<std::string> owner_of(std::string_view token) const;

 private:
  using digest = std::array<unsigned char, 32>;
  struct entry {
    std::string owner;
    digest hash;
  };
  static digest hash_of(std::string_view token);

  std::vector<entry> known_;
};

}  // namespace troupe::http
