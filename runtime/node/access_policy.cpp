#include "runtime/node/access_policy.hpp"

namespace troupe {

access_policy::access_policy(const std::vector<feature>& features) {
  for (const auto& one : features) {
    for (const auto& rules : one.rules()) rules_.try_emplace(rules->category(), rules);
    for (const auto& projection : one.projections()) {
      if (projection.role != database_role::views) continue;
      const auto& table = projection.kernel->table();
      views_.try_emplace(table.name, known_view{projection.visible, table.key_column});
    }
  }
}

verdict access_policy::may(const caller& who, const stream_id& entity, const std::string& type,
                           const json& data) const {
  const auto found = rules_.find(entity.category);
  return found == rules_.end() ? only_admins(who) : found->second->may(who, entity.id, type, data);
}

verdict access_policy::may_read(const caller& who, const stream_id& entity) const {
  const auto found = rules_.find(entity.category);
  return found == rules_.end() ? only_admins(who) : found->second->may_read(who, entity.id);
}

verdict access_policy::may_follow(const caller& who, const std::string& category) const {
  const auto found = rules_.find(category);
  return found == rules_.end() ? only_admins(who) : found->second->may_follow(who);
}

visible_rows access_policy::visible(const caller& who, const std::string& view) const {
  const auto found = views_.find(view);
  if (found != views_.end() && found->second.visible) return found->second.visible(who);
  return who.is_admin() ? visible_rows::all() : visible_rows::none();
}

std::string access_policy::key_column(const std::string& view) const {
  const auto found = views_.find(view);
  return found == views_.end() ? "" : found->second.key_column;
}

}  // namespace troupe
