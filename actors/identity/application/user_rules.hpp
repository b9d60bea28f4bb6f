#pragma once

#include <string>

#include "actors/identity/microservice/user.hpp"
#include "runtime/core/access.hpp"

namespace identity {

/// Who may do what with users. Administrators may do everything. Everybody else may touch only
/// themselves: which user a caller is follows from the token's `sub`, as a user's id follows from
/// their `auth0Id`, so no rule needs to look anything up.
struct user_rules {
  using aggregate = user;
  using verdict = troupe::verdict;
  using caller = troupe::caller;

  /// A user is made known by whoever signs in as them, and by nobody else.
  static verdict may(const caller& who, const std::string& id, const AddUser& command);
  static verdict may(const caller& who, const std::string& id, const ModifyUser& command);
  static verdict may(const caller& who, const std::string& id, const LockAccount& command);
  /// Not for the owner: a lock that an administrator has put on would be none.
  static verdict may(const caller& who, const std::string& id, const UnlockAccount& command);
  static verdict may(const caller& who, const std::string& id, const CloseAccount& command);

  static verdict may_read(const caller& who, const std::string& id);
};

/// Callers see their own row of the view `users`, administrators see all.
troupe::visible_rows visible_users(const troupe::caller& who);

}  // namespace identity
