#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "runtime/core/view_store.hpp"

namespace troupe::testkit {

namespace detail {
struct memory_views;
}

/// A view database that lives as long as the object: for tests and for `--log memory`. Thread-safe.
/// A table exists as soon as it is used and has the columns that its rows have: migrations only
/// count. So an unknown column is not an error here; nothing has it.
class memory_view_store final : public view_store {
 public:
  /// A database of its own.
  memory_view_store();
  /// Another handle of a database that `memory_view_provider` keeps.
  explicit memory_view_store(std::shared_ptr<detail::memory_views> shared);

  result<void> migrate(std::span<const migration> migrations, migration_mode mode) override;
  result<position_t> checkpoint(const std::string& projector) override;
  result<std::unique_ptr<view_transaction>> begin(const std::string& projector, position_t expected,
                                                  position_t next) override;
  result<void> reset(const std::string& projector, const view_table& table) override;
  result<std::optional<std::string>> pause_reason(const std::string& projector) override;
  result<void> set_pause(const std::string& projector,
                         const std::optional<std::string>& reason) override;
  result<std::optional<json>> get(const view_table& table, const std::string& key) override;
  result<view_page> query(const view_table& table, const view_query& query) override;
  result<std::vector<dead_letter>> dead_letters(const std::string& projector, std::uint64_t after,
                                                std::size_t limit) override;

 private:
  std::shared_ptr<detail::memory_views> views_;
};

}  // namespace troupe::testkit
