#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "bridges/sqlite/database.hpp"

namespace troupe::sqlite {

/// Read-only connections of one file, lent to one thread each. Thread-safe; must outlive its loans.
class reader_pool {
 public:
  explicit reader_pool(std::filesystem::path file) : file_(std::move(file)) {}

  /// A connection on loan. Tell it with `spoil` that it failed, so that the next reader gets a
  /// fresh one.
  class loan {
   public:
    loan(reader_pool& pool, std::unique_ptr<database> lent)
        : pool_(&pool), lent_(std::move(lent)) {}
    loan(loan&&) = default;
    loan& operator=(loan&&) = delete;
    ~loan();
    database* operator->() { return lent_.get(); }
    database& operator*() { return *lent_; }

   private:
    reader_pool* pool_;
    std::unique_ptr<database> lent_;
  };

  /// An idle connection, or a new one.
  result<loan> borrow();

 private:
  const std::filesystem::path file_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<database>> idle_;
};

/// Runs `read(database&)`, which answers a result, on a borrowed connection.
template <class Read>
auto read_from(reader_pool& pool, Read&& read) -> decltype(read(std::declval<database&>())) {
  auto reader = pool.borrow();
  if (!reader) return std::move(reader).error();
  return read(**reader);
}

}  // namespace troupe::sqlite
