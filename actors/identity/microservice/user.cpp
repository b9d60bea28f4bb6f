#include "actors/identity/microservice/user.hpp"

#include <array>
#include <optional>
#include <utility>

#include "runtime/core/ids.hpp"

namespace identity {
namespace {

constexpr std::array<std::pair<account_status, std::string_view>, 4> status_names{{
    {account_status::none, "none"},
    {account_status::open, "open"},
    {account_status::locked, "locked"},
    {account_status::closed, "closed"},
}};

using troupe::no_change;
using troupe::reject;
using troupe::rejection;

rejection not_found() {
  return reject("user-not-found", "there is no user with this id; add the user first with AddUser");
}

rejection closed() {
  return reject("account-closed", "the account is closed for good; sign up with another account");
}

/// Why nothing at all can be asked of this account.
std::optional<rejection> unusable(const user::state& now) {
  if (now.status == account_status::none) return not_found();
  if (now.status == account_status::closed) return closed();
  return std::nullopt;
}

}  // namespace

std::string_view to_string(account_status status) noexcept {
  for (const auto& [value, name] : status_names) {
    if (value == status) return name;
  }
  return "none";
}

void to_json(nlohmann::json& out, account_status status) { out = std::string(to_string(status)); }

void from_json(const nlohmann::json& in, account_status& status) {
  const auto& text = in.get_ref<const std::string&>();
  for (const auto& [value, name] : status_names) {
    if (text == name) {
      status = value;
      return;
    }
  }
  throw nlohmann::json::other_error::create(599, "unknown account status '" + text + "'", &in);
}

std::string user::entity_of(const AddUser& command) {
  return troupe::derive_id(category, command.auth0Id);
}

user::decision user::decide(const state& now, const AddUser& command, const context&) {
  const auto id = entity_of(command);
  if (command.id && *command.id != id) {
    return reject("wrong-id",
                  "the id of this auth0Id is " + id + "; send that one or leave id out");
  }
  if (now.status == account_status::none) {
    return UserAdded{id,
                     command.auth0Id,
                     command.email,
                     command.emailVerified,
                     command.firstName,
                     command.lastName,
                     command.picture,
                     command.locale};
  }
  if (now.id != id) {
    return reject("wrong-id",
                  "this entity is another user; address " + id + " or leave the id to the runtime");
  }
  if (now.status == account_status::closed) return closed();
  return no_change;
}

user::decision user::decide(const state& now, const ModifyUser& command, const context&) {
  if (auto refusal = unusable(now)) return *std::move(refusal);
  if (now.status == account_status::locked) {
    return reject("account-locked", "the account is locked; unlock it first with UnlockAccount");
  }
  const bool same = now.firstName == command.firstName && now.lastName == command.lastName &&
                    now.picture == command.picture && now.locale == command.locale;
  if (same) return no_change;
  return UserModified{command.firstName, command.lastName, command.picture, command.locale};
}

user::decision user::decide(const state& now, const LockAccount& command, const context& context) {
  if (auto refusal = unusable(now)) return *std::move(refusal);
  if (now.status == account_status::locked) return no_change;
  return AccountLocked{command.reason, context.user_id};
}

user::decision user::decide(const state& now, const UnlockAccount& command,
                            const context& context) {
  if (auto refusal = unusable(now)) return *std::move(refusal);
  if (now.status != account_status::locked) return no_change;
  return AccountUnlocked{command.reason, context.user_id};
}

user::decision user::decide(const state& now, const CloseAccount& command, const context& context) {
  if (now.status == account_status::none) return not_found();
  if (now.status == account_status::closed) return no_change;
  return AccountClosed{command.reason, context.user_id};
}

user::state user::evolve(state now, const UserAdded& event) {
  now.status = account_status::open;
  now.id = event.id;
  now.auth0Id = event.auth0Id;
  now.email = event.email;
  now.emailVerified = event.emailVerified;
  now.firstName = event.firstName;
  now.lastName = event.lastName;
  now.picture = event.picture;
  now.locale = event.locale;
  return now;
}

user::state user::evolve(state now, const UserModified& event) {
  now.firstName = event.firstName;
  now.lastName = event.lastName;
  now.picture = event.picture;
  now.locale = event.locale;
  return now;
}

user::state user::evolve(state now, const AccountLocked&) {
  now.status = account_status::locked;
  return now;
}

user::state user::evolve(state now, const AccountUnlocked&) {
  now.status = account_status::open;
  return now;
}

user::state user::evolve(state now, const AccountClosed&) {
  now.status = account_status::closed;
  return now;
}

}  // namespace identity
