#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/core/access.hpp"
#include "runtime/core/feature.hpp"

namespace troupe {

/// The rules of all features of a node. Where a feature has none, administrators may do everything
/// and others nothing. Immutable and thread-safe.
class access_policy {
 public:
  explicit access_policy(const std::vector<feature>& features);

  /// A command whose data fits its schema. May throw what features' code throws.
  [[nodiscard]] verdict may(const caller& who, const stream_id& entity, const std::string& type,
                            const json& data) const;
  /// An entity's events, and what became of its commands.
  [[nodiscard]] verdict may_read(const caller& who, const stream_id& entity) const;
  /// The events of a whole category.
  [[nodiscard]] verdict may_follow(const caller& who, const std::string& category) const;
  [[nodiscard]] visible_rows visible(const caller& who, const std::string& view) const;
  /// The column of a view's keys; "" when there is no such view.
  [[nodiscard]] std::string key_column(const std::string& view) const;

 private:
  struct known_view {
    view_rule visible;
    std::string key_column;
  };

  std::map<std::string, std::shared_ptr<const rules_kernel>> rules_;  ///< By category.
  std::map<std::string, known_view> views_;
};

}  // namespace troupe
