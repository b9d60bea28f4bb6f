#include "bridges/nats/recent_positions.hpp"

#include <utility>

namespace troupe::nats {
namespace {

constexpr std::size_t most_recent_bytes = std::size_t{8} << 20U;

std::size_t bytes_of(const std::optional<recorded_commit>& what) {
  return what ? what->data.body.size() : 0;
}

}  // namespace

void recent_positions::add(position_t position, std::optional<recorded_commit> what) {
  const bool full = kept_.size() >= most || bytes_ >= most_recent_bytes;
  if (full && position < kept_.begin()->first) return;
  const auto bytes = bytes_of(what);
  if (!kept_.try_emplace(position, std::move(what)).second) return;
  bytes_ += bytes;
  while (kept_.size() > most || bytes_ > most_recent_bytes) {
    bytes_ -= bytes_of(kept_.begin()->second);
    kept_.erase(kept_.begin());
  }
}

std::vector<recorded_commit> recent_positions::events(position_t first, position_t last,
                                                      std::vector<position_t>& unknown) const {
  std::vector<recorded_commit> found;
  auto one = kept_.lower_bound(first);
  for (auto position = first; position <= last; ++position) {
    if (one == kept_.end() || one->first != position) {
      unknown.push_back(position);
      continue;
    }
    if (one->second) found.push_back(*one->second);
    ++one;
  }
  return found;
}

}  // namespace troupe::nats
