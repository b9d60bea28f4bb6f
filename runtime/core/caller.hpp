#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// Who asks, as a node has established it.
struct caller {
  std::string subject;  ///< "" when nobody has said who they are.
  std::vector<std::string> roles;

  [[nodiscard]] bool has_role(std::string_view role) const {
    return std::ranges::find(roles, role) != roles.end();
  }
  /// May do what no rule of a feature speaks of.
  [[nodiscard]] bool is_admin() const { return has_role("admin"); }

  friend bool operator==(const caller&, const caller&) = default;
};

}  // namespace troupe
