#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "actors/identity/microservice/user.hpp"
#include "runtime/core/projector.hpp"

namespace identity {

/// The view `users`: every user ever added, by id. `created` and `updated` are the times of the
/// first and the last event, "2026-01-31T12:34:56.789Z".
struct users_view {
  static constexpr std::string_view view = "users";
  static constexpr std::string_view key = "id";
  static constexpr std::string_view category = user::category;

  using event = user::event;

  /// Columns of the table, see migrations/.
  struct row {
    std::string id;
    std::string auth0Id;
    std::string email;
    bool emailVerified = false;
    std::string firstName;
    std::string lastName;
    std::string picture;
    std::string locale;
    std::string status;  ///< "open", "locked" or "closed".
    std::string created;
    std::string updated;

    friend bool operator==(const row&, const row&) = default;
  };

  template <class E>
  static std::string key_of(const troupe::recorded<E>& event) {
    return event.stream.id;
  }

  /// All but the first throw if the user was never added, so that the event is parked rather than
  /// half a row shown.
  static row project(row now, const troupe::recorded<UserAdded>& event);
  static row project(row now, const troupe::recorded<UserModified>& event);
  static row project(row now, const troupe::recorded<AccountLocked>& event);
  static row project(row now, const troupe::recorded<AccountUnlocked>& event);
  static row project(row now, const troupe::recorded<AccountClosed>& event);
};

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(users_view::row, id, auth0Id, email, emailVerified, firstName,
                                   lastName, picture, locale, status, created, updated)

}  // namespace identity
