#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/core/result.hpp"

namespace troupe {

/// The parts of "postgres://user:secret@host:5432/name?sslmode=require" or "sqlite://some/file.db".
struct database_url {
  std::string scheme;     ///< In lower case.
  std::string authority;  ///< User, password, hosts and ports, as written.
  std::string path;       ///< As written, with its leading slash; may be empty.
  std::vector<std::pair<std::string, std::string>> parameters;  ///< Decoded.

  /// The last value of a parameter.
  [[nodiscard]] std::optional<std::string> parameter(const std::string& name) const;
  /// The same URL with a parameter that it did not have.
  [[nodiscard]] database_url with(const std::string& name, const std::string& value) const;
  [[nodiscard]] std::string text() const;
  /// For people and logs: passwords are "***", wherever the URL has them.
  [[nodiscard]] std::string without_password() const;
};

/// Reads a URL. The error (`invalid`) does not repeat the text, which may hold a password.
result<database_url> parse_database_url(const std::string& text);

/// The bytes that a percent-encoded text stands for; `invalid` for a broken escape or a NUL.
result<std::string> percent_decode(const std::string& text);
std::string percent_encode(const std::string& text);

}  // namespace troupe
