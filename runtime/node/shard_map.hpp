#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// Names are placed by their shard, so that there are few things to agree on.
inline constexpr std::size_t shard_count = 256;

/// The shard of a name: the same in every program, for ever (docs/reference.md, "Shards").
std::size_t shard_of(std::string_view name) noexcept;

/// Which of some nodes owns which shard, by rendezvous hashing (Thaler and Ravishankar 1998): each
/// shard goes to the node that has the highest weight for it. So all who know the same nodes agree
/// without a word, and when a node comes or goes only its own shards move.
class shard_map {
 public:
  /// `nodes`: incarnations, at least one, in any order.
  explicit shard_map(std::vector<std::string> nodes);

  [[nodiscard]] const std::string& owner(std::size_t shard) const { return nodes_[owners_[shard]]; }
  [[nodiscard]] const std::string& owner_of(std::string_view name) const {
    return owner(shard_of(name));
  }
  /// How many shards a node owns.
  [[nodiscard]] std::size_t owned_by(std::string_view node) const;

  friend bool operator==(const shard_map&, const shard_map&) = default;

 private:
  std::vector<std::string> nodes_;  ///< Sorted.
  std::array<std::size_t, shard_count> owners_{};
};

}  // namespace troupe
