#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/core/clock.hpp"
#include "runtime/core/json.hpp"
#include "runtime/core/result.hpp"
#include "runtime/node/shard_map.hpp"

namespace troupe {

/// What a node tells of itself. Nodes are told apart by their incarnation, which is made anew at
/// every start: names and addresses may be shared or come back.
struct announcement {
  std::string incarnation;
  std::string name;
  std::string version;  ///< Of the program.
  timestamp started{};
  json addresses = json::object();  ///< By bridge.
  bool draining = false;            ///< Takes over nothing, and hands on what it has.
  bool leaving = false;             ///< The last word.

  friend bool operator==(const announcement&, const announcement&) = default;
};

std::string encode(const announcement& one);
/// Total: `invalid` for what no node says.
result<announcement> decode_announcement(const std::string& text);

/// After such a silence a peer is taken for gone.
inline constexpr std::chrono::seconds longest_silence{3};
/// More nodes than this are not listened to.
inline constexpr std::size_t most_peers = 1'000;

/// The nodes of a cluster as one of them knows them: itself, and the peers that it has heard of
/// lately. Pure: time comes in from outside. Not thread-safe.
class membership {
 public:
  struct peer {
    announcement said;
    monotonic_time heard{};
  };

  explicit membership(announcement own);

  /// What `heard`, `sweep` and the like came to.
  struct change {
    bool newcomer = false;  ///< An incarnation that was not known before.
    bool moved = false;     ///< The map of shards is another one.
  };

  /// A node has spoken: this one's own voice is passed over.
  change heard(const announcement& said, monotonic_time now);
  /// This peer does not answer. Should it live after all, it is heard again soon.
  change forget(const std::string& incarnation);
  /// Forgets peers that were silent for too long.
  change sweep(monotonic_time now);
  /// Nothing could be heard until now, whoever spoke: nobody's silence counts.
  void excuse(monotonic_time now);
  change set_draining();

  [[nodiscard]] const announcement& own() const { return own_; }
  void set_addresses(json addresses) { own_.addresses = std::move(addresses); }
  [[nodiscard]] const std::map<std::string, peer>& peers() const { return peers_; }
  /// Over the nodes that do not drain, or over all when all do.
  [[nodiscard]] const std::shared_ptr<const shard_map>& shards() const { return shards_; }

 private:
  change redraw(bool newcomer);

  announcement own_;
  std::map<std::string, peer> peers_;  ///< By incarnation.
  std::shared_ptr<const shard_map> shards_;
};

}  // namespace troupe
