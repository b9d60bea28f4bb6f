#include "actors/identity/microservice/accounts.hpp"

#include <utility>

namespace identity {
namespace {

/// Each of these events tells everything that a row holds, so the row before it does not matter.
template <class E>
accounts::row changed(const troupe::recorded<E>& event, account_status status, std::string reason,
                      std::string by) {
  return {event.stream.id, std::string(to_string(status)), std::move(reason), std::move(by),
          troupe::format_time(event.time)};
}

}  // namespace

accounts::row accounts::project(row, const troupe::recorded<AccountLocked>& event) {
  return changed(event, account_status::locked, event.data.reason, event.data.lockedBy);
}

accounts::row accounts::project(row, const troupe::recorded<AccountUnlocked>& event) {
  return changed(event, account_status::open, event.data.reason, event.data.unlockedBy);
}

accounts::row accounts::project(row, const troupe::recorded<AccountClosed>& event) {
  return changed(event, account_status::closed, event.data.reason, event.data.closedBy);
}

}  // namespace identity
