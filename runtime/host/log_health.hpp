#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace troupe::host {

/// Whether the log takes what is written to it: told by the actors that use it, read by whoever
/// asks whether the node is ready. Thread-safe.
class log_health {
 public:
  void works() { set(std::nullopt); }
  void fails(std::string why) { set(std::move(why)); }
  [[nodiscard]] std::optional<std::string> trouble() const {
    const std::lock_guard lock(mutex_);
    return trouble_;
  }

 private:
  void set(std::optional<std::string> trouble) {
    const std::lock_guard lock(mutex_);
    trouble_ = std::move(trouble);
  }

  mutable std::mutex mutex_;
  std::optional<std::string> trouble_;
};

}  // namespace troupe::host
