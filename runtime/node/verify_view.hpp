#pragma once

#include <functional>
#include <string>

#include "runtime/core/projector.hpp"
#include "runtime/core/verification.hpp"
#include "runtime/node/verify_log.hpp"

namespace troupe {

/// One view to verify, and what to call it in findings.
struct view_under_check {
  const projector_kernel& kernel;
  view_store& store;
  std::string file;
};

/// Replays the log up to the view's checkpoint and reports rows that are missing, too many or
/// different; a checkpoint that is ahead of the log; events that were neither applied nor parked;
/// parked events that the log does not hold.
///
/// At most about `max_rows` rows are in memory at a time: when there are more, only those whose
/// keys hash to one part are kept, and the log is replayed once for each part.
void verify_view(event_log& log, const view_under_check& view, std::size_t max_rows,
                 const finding_sink& report, verified_counts& counts,
                 const verification_progress& progress);

}  // namespace troupe
