#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/core/application.hpp"

namespace troupe {

/// Which node of a cluster is to run what. A hint: it says where work is fastest, and nothing that
/// must be true may rest on it. Two nodes may hold different opinions for a while; the log's
/// compare-and-set and the views' checkpoints decide between them.
///
/// What is placed has a name: an entity its stream's ("identity.4711"), a projector
/// "projector/<view>", a durable consumer "consumer/<category>". Thread-safe.
class placement {
 public:
  virtual ~placement() = default;

  /// Whether this node is to run it.
  [[nodiscard]] virtual bool here(std::string_view name) const = 0;

  /// The name of the node that is to run it, for people to read.
  [[nodiscard]] virtual std::string node_of(std::string_view name) const = 0;

  /// Calls back whenever something may have moved; any thread, must not block.
  [[nodiscard]] virtual std::unique_ptr<watch> on_change(std::function<void()> changed) const = 0;
};

}  // namespace troupe
