#pragma once

#include <string>
#include <vector>

#include "runtime/core/event_log.hpp"
#include "runtime/host/engine.hpp"

namespace troupe {

/// What came of one correlation, trace or command, whichever the id is, as a tree: commands by
/// time, their events, and for each event what every projector has made of it.
///
///     {"id", "commands": [{"commandId","correlationId","traceId","userId","node","time","stream",
///       "position", "events": [{"id","type","version","position","projections":
///         [{"name","status":"applied"|"waiting"|"parked","key","row","deadLetter","reason"}]}]}],
///      "searched": [{"category","from","to"}]}
///
/// Nothing indexes correlations: the newest 20,000 positions of each category are looked through,
/// and the command is looked up wherever it is. `not_found` when there is nothing. Blocks on the
/// log and the view stores.
result<json> find_trace(event_log& log, const std::vector<std::string>& categories,
                        const std::vector<host::bound_projection>& projections,
                        const std::string& id);

}  // namespace troupe
