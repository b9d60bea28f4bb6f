#pragma once

#include <string>
#include <string_view>
#include <variant>

#include <nlohmann/json.hpp>

#include "runtime/core/command.hpp"
#include "runtime/core/decision.hpp"
#include "schema/cpp/identity.hpp"

namespace identity {

/// What an account's owner may do. `none`: there is no such user yet.
enum class account_status { none, open, locked, closed };

/// "none", "open", "locked" or "closed".
std::string_view to_string(account_status status) noexcept;

void to_json(nlohmann::json& out, account_status status);
/// Throws a JSON exception for anything but the four names.
void from_json(const nlohmann::json& in, account_status& status);

/// A user and their account. The rules:
///
/// - One user per `auth0Id`, by construction: the id is derived from it, so the same account always
/// finds the same
///   stream. Adding a user again changes nothing, whatever the other members say.
/// - A locked account refuses changes until it is unlocked; a closed one refuses everything, for
/// good.
/// - Asking for what already holds (locking a locked account, the same names again) is accepted and
/// changes nothing.
struct user {
  static constexpr std::string_view category = "identity";

  using command = std::variant<AddUser, ModifyUser, LockAccount, UnlockAccount, CloseAccount>;
  using event =
      std::variant<UserAdded, UserModified, AccountLocked, AccountUnlocked, AccountClosed>;

  struct state {
    account_status status = account_status::none;
    std::string id;
    std::string auth0Id;
    std::string email;
    bool emailVerified = false;
    std::string firstName;
    std::string lastName;
    std::string picture;
    std::string locale;

    friend bool operator==(const state&, const state&) = default;
  };

  using decision = troupe::decision<event>;
  using context = troupe::command_context;

  /// The entity that the command is for. The runtime refuses a command addressed to any other one,
  /// which `decide` could not see: it knows the command's data but not the stream.
  static std::string entity_of(const AddUser& command);

  static decision decide(const state& now, const AddUser& command, const context& context);
  static decision decide(const state& now, const ModifyUser& command, const context& context);
  static decision decide(const state& now, const LockAccount& command, const context& context);
  static decision decide(const state& now, const UnlockAccount& command, const context& context);
  static decision decide(const state& now, const CloseAccount& command, const context& context);

  static state evolve(state now, const UserAdded& event);
  static state evolve(state now, const UserModified& event);
  static state evolve(state now, const AccountLocked& event);
  static state evolve(state now, const AccountUnlocked& event);
  static state evolve(state now, const AccountClosed& event);
};

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(user::state, status, id, auth0Id, email, emailVerified,
                                   firstName, lastName, picture, locale)

}  // namespace identity
