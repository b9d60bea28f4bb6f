#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "runtime/core/event_log.hpp"
#include "runtime/core/projector.hpp"
#include "runtime/core/view_store.hpp"

namespace troupe::host {

/// What retrying a parked event came to.
struct retried_events {
  std::size_t applied = 0;       ///< Events that are in their rows now.
  std::size_t parked_again = 0;  ///< Events that still wait behind one that failed again.
  std::size_t left = 0;          ///< Events of the same key that were not tried: retry those next.
  std::string reason;            ///< Why the first one failed again; "" if none did.
};

/// Hands a parked event to its projector again, and behind it the later parked ones of its key, in
/// log order: rows and dead letters change in one transaction. At most 10,000 events at a time.
/// Errors: `not_found` when nothing is parked under this id (any more); `conflict` when it waits
/// behind an earlier one of its key (the message names that one), or fails again, which leaves all
/// of them parked; those of the log and the store.
result<retried_events> retry_parked(const projector_kernel& kernel, view_store& store,
                                    event_log& log, std::uint64_t id, timestamp now);

/// Forgets a parked event, which is returned: its row goes on as if it had not happened. Those that
/// wait behind it stay parked until they are retried. `not_found` as above.
result<dead_letter> discard_parked(const std::string& projector, view_store& store,
                                   std::uint64_t id);

/// Which keys of a projector are blocked, by how many parked events.
struct blocked_keys {
  std::set<std::string> keys;
  std::size_t events = 0;
};
result<blocked_keys> read_blocked_keys(const std::string& projector, view_store& store);

}  // namespace troupe::host
