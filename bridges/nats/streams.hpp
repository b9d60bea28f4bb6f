#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "bridges/nats/connection.hpp"
#include "bridges/nats/names.hpp"

namespace troupe::nats {

/// A stream that is there and set up as it must be.
struct stream_facts {
  std::string name;
  int replicas = 1;
};

/// Finds, checks and makes the streams of categories and the key-value buckets. Thread-safe.
class streams {
 public:
  streams(std::shared_ptr<connection> broker, names called, int replicas)
      : broker_(std::move(broker)), names_(std::move(called)), replicas_(replicas) {}

  /// The category's stream; nothing if there is none yet. `invalid` if it is set up in a way that
  /// breaks a promise: it is never altered silently.
  result<std::optional<stream_facts>> find(const std::string& category);
  /// The same, made if it is missing.
  result<stream_facts> find_or_make(const std::string& category);
  /// Success unless the limit of the category's stream leaves no room for so many bytes more.
  result<void> room_for(std::size_t bytes, const std::string& category);
  /// The stream behind a bucket, made if it is missing. `ttl` zero keeps entries for ever.
  result<stream_facts> bucket(const std::string& purpose, std::chrono::hours ttl);

 private:
  result<stream_facts> make(const std::string& category);
  result<std::optional<stream_facts>> look_up(const std::string& name, const std::string& category);
  result<void> check(const jsStreamConfig& config, const std::string& category) const;

  const std::shared_ptr<connection> broker_;
  const names names_;
  const int replicas_;
  std::mutex mutex_;
  std::map<std::string, stream_facts> known_;  ///< By category.
};

}  // namespace troupe::nats
