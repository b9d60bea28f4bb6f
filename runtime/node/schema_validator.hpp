#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/core/command.hpp"
#include "runtime/core/json.hpp"
#include "runtime/core/result.hpp"

namespace troupe {

/// Checks commands' data against the definitions of one JSON Schema (draft 7) document. Immutable
/// and thread-safe.
///
/// `pattern` is matched by an engine that takes linear time and constant stack, so that no text
/// from outside can hang or crash a node; it is therefore allowed only for properties, directly or
/// nested, and has that engine's syntax.
class schema_validator {
 public:
  /// `invalid` when the document is not a schema, lacks one of the types, or has a pattern in a
  /// place or form that is not supported.
  static result<schema_validator> make(std::string_view document,
                                       const std::vector<std::string>& types);

  schema_validator(schema_validator&&) noexcept;
  schema_validator& operator=(schema_validator&&) noexcept;
  ~schema_validator();

  /// What is wrong with the data, by JSON pointer; empty when it fits. The type must be one of
  /// those given to `make`.
  [[nodiscard]] std::vector<field_error> check(const std::string& type, const json& data) const;

 private:
  struct definition;
  explicit schema_validator(std::map<std::string, std::unique_ptr<definition>> definitions);
  static result<std::unique_ptr<definition>> parse(json document, const std::string& type);

  std::map<std::string, std::unique_ptr<definition>> definitions_;
};

}  // namespace troupe
