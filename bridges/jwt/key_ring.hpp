#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "bridges/jwt/key_set.hpp"
#include "bridges/jwt/refresh_schedule.hpp"
#include "runtime/core/bridge.hpp"
#include "runtime/core/key_source.hpp"

namespace troupe::jwt {

/// The issuer's keys as they were fetched last: the bridge `keys`, so that a supervisor has its
/// thread in its care and the admin endpoint shows it. What was fetched stays in use, for as long
/// as it takes, while fetching fails. Thread-safe.
class key_ring final : public bridge {
 public:
  explicit key_ring(std::shared_ptr<key_source> source) : source_(std::move(source)) {}
  ~key_ring() override { stop(); }

  /// The keys, null until some have been fetched, and how many fetches have ended.
  struct snapshot {
    std::shared_ptr<const key_set> keys;
    std::uint64_t fetches = 0;
  };
  [[nodiscard]] snapshot now() const;

  /// Asks for newer keys than those that were there after so many fetches. True if they are there
  /// or being fetched, so that a wait is worth while; else a fetch follows when it may.
  bool want_newer(std::uint64_t fetches);
  /// Waits until so many fetches have been followed by another, at most until the deadline.
  void await_newer(std::uint64_t fetches, monotonic_time deadline) const;

  [[nodiscard]] const std::string& name() const override { return name_; }
  /// Returns when the first fetch has ended, whether or not it has brought keys.
  result<void> start(on_failure failed) override;
  void drain() override {}
  void stop() override;
  [[nodiscard]] json describe() const override;

 private:
  void keep_fresh(const std::stop_token& stopping);
  void fetch(const std::stop_token& stopping);

  const std::string name_ = "keys";
  const std::shared_ptr<key_source> source_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  refresh_schedule schedule_;
  snapshot now_;
  bool fetching_ = false;
  std::string last_error_;
  std::mutex life_cycle_;  ///< For what follows.
  std::stop_source stop_{std::nostopstate};
  std::thread thread_;
};

}  // namespace troupe::jwt
