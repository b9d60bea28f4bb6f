#include "runtime/host/loaded_entity.hpp"

#include <utility>

namespace troupe::host {
namespace {

constexpr std::size_t commits_per_read = 1000;

error unreadable(const recorded_event& event, const std::string& why) {
  return {errc::corrupt, "event " + std::to_string(event.version) + " of stream " +
                             event.stream.name() + " at position " +
                             std::to_string(event.position) + ": " + why};
}

}  // namespace

result<loaded_entity> load_entity(event_log& log, const aggregate_kernel& kernel,
                                  const stream_id& stream, std::optional<version_t> until) {
  loaded_entity loaded{kernel.initial(), 0, 0};
  for (;;) {
    auto commits = log.read_stream(stream, loaded.version + 1, commits_per_read);
    if (!commits) return std::move(commits).error();
    for (const auto& commit : *commits) {
      auto events = decode(commit);
      if (!events) return std::move(events).error();
      for (const auto& event : *events) {
        if (until && event.version > *until) return loaded;
        if (event.version != loaded.version + 1) {
          return unreadable(event, "expected version " + std::to_string(loaded.version + 1));
        }
        if (auto evolved = loaded.state->evolve(event.event); !evolved)
          return unreadable(event, evolved.error().message);
        loaded.version = event.version;
        loaded.position = event.position;
      }
    }
    if (commits->size() < commits_per_read) return loaded;
  }
}

}  // namespace troupe::host
