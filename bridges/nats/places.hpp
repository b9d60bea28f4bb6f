#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "runtime/core/ids.hpp"

namespace troupe::nats {

/// Where an entity's commit with this last version is in its stream.
struct place {
  version_t version = 0;
  position_t sequence = 0;
};

/// Remembers places of the entities used most recently. A place that was true stays true as a
/// place; whether it is still the newest only the broker knows. Thread-safe.
class places {
 public:
  explicit places(std::size_t most) : most_(most) {}

  [[nodiscard]] std::optional<place> find(const stream_id& entity);
  /// Keeps the later one of what is known and `seen`.
  void learn(const stream_id& entity, place seen) { put(entity, seen, true); }
  /// Keeps `wanted`, whatever is known.
  void replace(const stream_id& entity, place wanted) { put(entity, wanted, false); }
  void forget(const stream_id& entity);

 private:
  void put(const stream_id& entity, place seen, bool only_later);

  using entries = std::list<std::pair<std::string, place>>;

  const std::size_t most_;
  std::mutex mutex_;
  entries recent_;  ///< Most recently used first.
  std::unordered_map<std::string, entries::iterator> by_name_;
};

}  // namespace troupe::nats
