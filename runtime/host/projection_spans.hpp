#pragma once

#include <string>

#include "runtime/core/projector.hpp"
#include "runtime/core/tracer.hpp"
#include "runtime/host/event_batch.hpp"
#include "runtime/host/projection_batch.hpp"

namespace troupe::host {

/// A span for each event of an applied batch whose command was sampled, as a part of the trace of
/// that command. Their time is the batch's: its rows are stored together. Not for a rebuild, which
/// would tell of commands that are long over.
void trace_projection(tracer& by, const projector_kernel& kernel, const event_batch& batch,
                      const applied_batch& applied, monotonic_time begun);

/// The trace id in the metadata of an event of the batch; "" if there is none.
std::string trace_id_of(const event_batch& batch, const event_place& place);

}  // namespace troupe::host
