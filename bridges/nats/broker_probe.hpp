#pragma once

#include <array>
#include <functional>
#include <memory>

#include "bridges/nats/connection.hpp"
#include "runtime/core/ids.hpp"

namespace troupe::nats {

/// Two publishers that try to store a message at the same place at the same moment.
class racers {
 public:
  static constexpr std::size_t count = 2;

  virtual ~racers() = default;
  /// Both publish to one subject expecting the same last sequence; the sequence that each one's
  /// message got, 0 for one that was refused.
  virtual result<std::array<position_t, count>> race(position_t expected_last) = 0;
};

/// Whether compare-and-set on a subject can be relied on: everything else rests on it. nats-server
/// before 2.10 lets several win in a cluster. `unsupported` if there is a round with two winners.
result<void> prove_compare_and_set(racers& two, int rounds);

/// Does so on the broker: a second connection, and a scratch stream with as many replicas as the
/// log's. Errors: `unavailable` where a later try may succeed; `invalid` for a broker without
/// JetStream.
result<void> probe_broker(connection& broker, const std::string& cluster, int replicas);

}  // namespace troupe::nats
