#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "runtime/core/application.hpp"

namespace troupe {

/// Tells whoever listens that something has changed, but not what: a listener looks for itself.
/// Thread-safe. Watches may outlive it.
class notifier {
 public:
  [[nodiscard]] std::unique_ptr<watch> listen(std::function<void()> changed) const;

  /// Calls every listener, on this thread.
  void notify() const;

 private:
  struct listeners {
    std::mutex mutex;  ///< Held during calls, so that an ended watch is not called.
    std::unordered_map<const watch*, std::function<void()>> callbacks;
  };
  class registration;

  std::shared_ptr<listeners> listeners_ = std::make_shared<listeners>();
};

}  // namespace troupe
