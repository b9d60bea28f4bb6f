#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bridges/http/exchange.hpp"

namespace troupe::http {

using handler = std::function<reply(const request&)>;

/// Tells whether the handler of this request may wait, for a disk, a database or another thread,
/// before it returns.
using waiting_rule = bool (*)(const request&);

/// What a path and a method lead to.
struct endpoint {
  std::string method;
  std::string pattern;
  handler handle;
  waiting_rule waits;
};

/// Finds the endpoint for a path by its segments. Patterns have
///   - literal segments,
///   - parameters: `{name}` matches any segment but an empty one; `{Name}`, in upper case, only one
///   that starts with an
///     upper-case letter; `{name...}` matches one or more segments (once in a pattern).
/// Where several patterns match, the one with a literal where the others have a parameter wins,
/// leftmost first. Immutable once it serves.
class router {
 public:
  struct match {
    const endpoint* found = nullptr;  ///< Null: see `allowed`.
    path_parameters parameters;
    std::string allowed;  ///< For the `Allow` header; "" when no pattern matches the path.
  };

  void add(
      std::string method, std::string pattern, handler handle,
      waiting_rule waits = [](const request&) { return true; });

  /// HEAD is answered by GET's endpoint unless it has its own.
  [[nodiscard]] match find(std::string_view method, const std::vector<std::string>& segments) const;

  [[nodiscard]] const std::vector<std::unique_ptr<endpoint>>& endpoints() const {
    return endpoints_;
  }

 private:
  struct pattern_part {
    enum class kind { literal, capitalised, word, rest } what;  // Most specific first.
    std::string text;
  };
  struct entry {
    std::vector<pattern_part> parts;
    const endpoint* leads_to;
  };

  static bool matches(const entry& candidate, const std::vector<std::string>& segments,
                      path_parameters& parameters);
  static bool more_specific(const entry& left, const entry& right);

  std::vector<std::unique_ptr<endpoint>> endpoints_;
  std::vector<entry> entries_;  ///< Most specific first.
};

}  // namespace troupe::http
