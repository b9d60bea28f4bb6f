#pragma once

#include <cstdint>
#include <functional>

#include "runtime/core/aggregate.hpp"
#include "runtime/core/verification.hpp"

namespace troupe {

/// What a verification has looked at so far.
struct verified_counts {
  std::uint64_t commits = 0;
  std::uint64_t events = 0;
  std::uint64_t entities = 0;
  std::uint64_t snapshots = 0;           ///< Equal to the fold of their events, or reported.
  std::uint64_t outdated_snapshots = 0;  ///< Of another form of the state: ignored and remade.
  std::uint64_t rows = 0;
  std::uint64_t parked = 0;
};

/// Told how far a reading of a category has come, and where it ends.
using verification_progress = std::function<void(position_t reached, position_t end)>;

/// Reads one category from its first commit to its last and reports: positions that do not rise,
/// events that cannot be read, holes in versions and commits that their stream does not show,
/// command ids that do not lead back to their commit, snapshots that differ from the fold of their
/// events. Memory does not grow with the log; every commit costs two more reads. `progress` is
/// called after each batch. An error of the log itself is reported, too, and ends the work.
void verify_log(const data_under_check& data, const aggregate_kernel& kernel,
                const finding_sink& report, verified_counts& counts,
                const verification_progress& progress);

}  // namespace troupe
