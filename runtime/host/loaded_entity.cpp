#include "runtime/host/loaded_entity.hpp"

#include <utility>

namespace troupe::host {
namespace {

constexpr std::size_t commits_per_read = 1000;

error unreadable(const recorded_event& event, errc code, const std::string& why) {
  return {code, "event " + std::to_string(event.version) + " of stream " + event.stream.name() +
                    " at position " + std::to_string(event.position) + ": " + why};
}

/// The entity as its snapshot has it. Nothing if the snapshot is of no use: it is only a cache, so
/// whatever is wrong with it must not keep the entity from being loaded.
std::optional<loaded_entity> from_snapshot(const load_start& begun, const aggregate_kernel& kernel,
                                           std::optional<version_t> until) {
  const auto& saved = *begun.saved;
  if (saved.version == 0 || (until && saved.version > *until)) return std::nullopt;
  // The log decides: it must hold that version at that place, made by that command.
  if (begun.commits.empty()) return std::nullopt;
  const auto& held = begun.commits.front();
  if (held.position != saved.position || held.data.first_version > saved.version ||
      held.data.last_version() < saved.version) {
    return std::nullopt;
  }
  const auto command = digest_of(held.data.command_id);
  if (saved.schema != snapshot_schema(kernel, command)) return std::nullopt;
  loaded_entity loaded{kernel.initial(), saved.version, saved.position, saved.version, command};
  if (!loaded.state->restore(saved.state)) return std::nullopt;
  return loaded;
}

}  // namespace

std::string snapshot_schema(const aggregate_kernel& kernel, std::uint64_t last_command) {
  return kernel.state_fingerprint() + '@' + std::to_string(last_command);
}

result<loaded_entity> load_entity(event_log& log, const aggregate_kernel& kernel,
                                  const stream_id& stream, std::optional<version_t> until,
                                  use_snapshots snapshots) {
  loaded_entity loaded{kernel.initial(), 0, 0, 0, 0};
  result<std::vector<recorded_commit>> commits = std::vector<recorded_commit>();
  bool read = false;
  if (snapshots == use_snapshots::yes) {
    auto begun = log.start_load(stream, commits_per_read);
    if (!begun) return std::move(begun).error();
    std::optional<loaded_entity> restored;
    if (begun->saved) restored = from_snapshot(*begun, kernel, until);
    if (restored) loaded = std::move(*restored);
    read = restored || !begun->saved;
    commits = std::move(begun->commits);
  }
  for (;;) {
    if (!std::exchange(read, false))
      commits = log.read_stream(stream, loaded.version + 1, commits_per_read);
    if (!commits) return std::move(commits).error();
    for (const auto& commit : *commits) {
      auto events = decode(commit);
      if (!events) return std::move(events).error();
      for (const auto& event : *events) {
        if (until && event.version > *until) return loaded;
        // A snapshot may have been taken in the middle of a commit.
        if (event.version <= loaded.snapshot) continue;
        if (event.version != loaded.version + 1) {
          return unreadable(event, errc::corrupt,
                            "expected version " + std::to_string(loaded.version + 1));
        }
        if (auto evolved = loaded.state->evolve(event.event); !evolved)
          return unreadable(event, evolved.error().code, evolved.error().message);
        loaded.version = event.version;
        loaded.position = event.position;
        loaded.last_command = digest_of(commit.data.command_id);
      }
    }
    if (commits->size() < commits_per_read) return loaded;
  }
}

}  // namespace troupe::host
