#include "actors/identity/aggregator/users_view.hpp"

#include <stdexcept>
#include <utility>

namespace identity {
namespace {

/// The row after an event of a user who was added before.
template <class E>
users_view::row updated(users_view::row now, const troupe::recorded<E>& event) {
  if (now.id.empty()) throw std::runtime_error("no UserAdded before this event");
  now.updated = troupe::format_time(event.time);
  return now;
}

template <class E>
users_view::row with_status(users_view::row now, const troupe::recorded<E>& event,
                            account_status status) {
  now = updated(std::move(now), event);
  now.status = to_string(status);
  return now;
}

}  // namespace

users_view::row users_view::project(row now, const troupe::recorded<UserAdded>& event) {
  now.id = event.stream.id;
  now.auth0Id = event.data.auth0Id;
  now.email = event.data.email;
  now.emailVerified = event.data.emailVerified;
  now.firstName = event.data.firstName;
  now.lastName = event.data.lastName;
  now.picture = event.data.picture;
  now.locale = event.data.locale;
  now.created = troupe::format_time(event.time);
  return with_status(std::move(now), event, account_status::open);
}

users_view::row users_view::project(row now, const troupe::recorded<UserModified>& event) {
  now = updated(std::move(now), event);
  now.firstName = event.data.firstName;
  now.lastName = event.data.lastName;
  now.picture = event.data.picture;
  now.locale = event.data.locale;
  return now;
}

users_view::row users_view::project(row now, const troupe::recorded<AccountLocked>& event) {
  return with_status(std::move(now), event, account_status::locked);
}

users_view::row users_view::project(row now, const troupe::recorded<AccountUnlocked>& event) {
  return with_status(std::move(now), event, account_status::open);
}

users_view::row users_view::project(row now, const troupe::recorded<AccountClosed>& event) {
  return with_status(std::move(now), event, account_status::closed);
}

}  // namespace identity
