#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "runtime/testkit/memory_view_store.hpp"

namespace troupe::testkit {

/// Keeps one in-memory database per feature and role; opening one twice gives two handles of the
/// same data.
class memory_view_provider final : public view_provider {
 public:
  result<std::unique_ptr<view_store>> open(const std::string& feature, database_role role) override;

 private:
  std::mutex mutex_;
  std::map<std::pair<std::string, database_role>, std::shared_ptr<detail::memory_views>> databases_;
};

}  // namespace troupe::testkit
