#include "runtime/node/shard_map.hpp"

#include <algorithm>

#include "runtime/core/ids.hpp"

namespace troupe {
namespace {

/// FNV-1a with the finalizer of MurmurHash3: FNV alone leaves the high bits of similar short texts
/// alike, and here the highest weight decides.
std::uint64_t hash_of(std::string_view text) noexcept {
  auto value = digest_of(text);
  value ^= value >> 33U;
  value *= 0xff51afd7ed558ccdULL;
  value ^= value >> 33U;
  value *= 0xc4ceb9fe1a85ec53ULL;
  value ^= value >> 33U;
  return value;
}

}  // namespace

std::size_t shard_of(std::string_view name) noexcept { return hash_of(name) % shard_count; }

shard_map::shard_map(std::vector<std::string> nodes) : nodes_(std::move(nodes)) {
  std::ranges::sort(nodes_);
  for (std::size_t shard = 0; shard < shard_count; ++shard) {
    std::uint64_t highest = 0;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      const auto weight = hash_of(nodes_[i] + '/' + std::to_string(shard));
      if (i > 0 && weight <= highest) continue;
      highest = weight;
      owners_.at(shard) = i;
    }
  }
}

std::size_t shard_map::owned_by(std::string_view node) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(owners_, [&](std::size_t owner) { return nodes_[owner] == node; }));
}

}  // namespace troupe
