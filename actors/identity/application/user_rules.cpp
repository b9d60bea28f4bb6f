#include "actors/identity/application/user_rules.hpp"

#include "runtime/core/ids.hpp"

namespace identity {
namespace {

std::string own_id(const troupe::caller& who) {
  return troupe::derive_id(user::category, who.subject);
}

bool is(const troupe::caller& who, const std::string& id) {
  return !who.subject.empty() && id == own_id(who);
}

troupe::verdict only_themselves(const troupe::caller& who, const std::string& id) {
  if (who.is_admin() || is(who, id)) return troupe::verdict::allowed();
  return troupe::verdict::refused("this is another user; only administrators may touch others");
}

}  // namespace

troupe::verdict user_rules::may(const caller& who, const std::string&, const AddUser& command) {
  const bool own = !who.subject.empty() && command.auth0Id == who.subject;
  if (who.is_admin() || own) return verdict::allowed();
  return verdict::refused("auth0Id must be the caller's own: the token's sub");
}

troupe::verdict user_rules::may(const caller& who, const std::string& id, const ModifyUser&) {
  return only_themselves(who, id);
}

troupe::verdict user_rules::may(const caller& who, const std::string& id, const LockAccount&) {
  return only_themselves(who, id);
}

troupe::verdict user_rules::may(const caller& who, const std::string&, const UnlockAccount&) {
  return troupe::only_admins(who);
}

troupe::verdict user_rules::may(const caller& who, const std::string& id, const CloseAccount&) {
  return only_themselves(who, id);
}

troupe::verdict user_rules::may_read(const caller& who, const std::string& id) {
  return only_themselves(who, id);
}

troupe::visible_rows visible_users(const troupe::caller& who) {
  if (who.is_admin()) return troupe::visible_rows::all();
  if (who.subject.empty()) return troupe::visible_rows::none();
  return troupe::visible_rows::where("id", own_id(who));
}

}  // namespace identity
