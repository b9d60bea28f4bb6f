#include "runtime/host/projection_spans.hpp"

#include <cstdint>
#include <map>
#include <utility>

namespace troupe::host {
namespace {

std::string text_in(const json& metadata, const char* member) {
  if (!metadata.is_object()) return "";
  const auto found = metadata.find(member);
  return found != metadata.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

void trace_projection(tracer& by, const projector_kernel& kernel, const event_batch& batch,
                      const applied_batch& applied, monotonic_time begun) {
  std::map<event_place, const dead_letter*> parked;
  for (const auto& letter : applied.parked) parked.emplace(place_of(letter), &letter);
  const auto events = static_cast<std::int64_t>(applied.events);
  for (const auto& delivered : batch.commits) {
    for (const auto& [event, stream, version, position] : delivered->events) {
      if (!kernel.handles(event.type)) continue;
      auto made = by.begin(text_in(event.metadata, "traceparent"), "project " + kernel.name(),
                           span_kind::consumer);
      if (!made) continue;
      made->begun = begun;
      made->note("troupe.projection", kernel.name());
      made->note("troupe.event", event.type);
      made->note("troupe.entity", stream.id);
      made->note("troupe.position", static_cast<std::int64_t>(position));
      made->note("troupe.batch_events", events);
      if (const auto letter = parked.find({position, version}); letter != parked.end())
        made->failure = "parked: " + letter->second->reason;
      by.end(std::move(made));
    }
  }
}

std::string trace_id_of(const event_batch& batch, const event_place& place) {
  for (const auto& delivered : batch.commits) {
    for (const auto& one : delivered->events) {
      if (event_place{one.position, one.version} == place)
        return text_in(one.event.metadata, "traceId");
    }
  }
  return "";
}

}  // namespace troupe::host
