#pragma once

#include <string>
#include <string_view>
#include <variant>

#include <nlohmann/json.hpp>

#include "actors/identity/microservice/user.hpp"
#include "runtime/core/projector.hpp"

namespace identity {

/// The private table `accounts`: who last changed an account's status, when and why. An account
/// that nobody has locked or closed so far has no row. For the people who look after accounts; it
/// lives in the microservice's own database, out of reach of applications.
struct accounts {
  static constexpr std::string_view view = "accounts";
  static constexpr std::string_view key = "id";
  static constexpr std::string_view category = user::category;

  /// Adding a user or changing the profile is no change of an account's status.
  using event = std::variant<AccountLocked, AccountUnlocked, AccountClosed>;

  /// Columns of the table, see migrations/.
  struct row {
    std::string id;
    std::string status;  ///< "open", "locked" or "closed".
    std::string reason;
    std::string changedBy;  ///< User id of the caller; "" when unknown.
    std::string changed;    ///< "2026-01-31T12:34:56.789Z"

    friend bool operator==(const row&, const row&) = default;
  };

  template <class E>
  static std::string key_of(const troupe::recorded<E>& event) {
    return event.stream.id;
  }

  static row project(row now, const troupe::recorded<AccountLocked>& event);
  static row project(row now, const troupe::recorded<AccountUnlocked>& event);
  static row project(row now, const troupe::recorded<AccountClosed>& event);
};

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(accounts::row, id, status, reason, changedBy, changed)

}  // namespace identity
