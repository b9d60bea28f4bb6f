#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include <pqxx/pqxx>

#include "bridges/postgres/address.hpp"
#include "bridges/postgres/translation.hpp"

namespace troupe::postgres {

/// Opens a connection that speaks as this bridge expects: UTC, ISO dates, UTF-8, bounded
/// statements (by `limit`, unless the URL sets one; 0: no limit). A connection that broke is never
/// used again, so these settings always hold.
result<std::unique_ptr<pqxx::connection>> connect(const address& where,
                                                  std::chrono::milliseconds limit);

/// Connections of one database, lent to one thread each; as many at a time as `max_lent`. While the
/// server is away, attempts to reach it are spaced by a delay that doubles up to a bound, and
/// whoever asks in between is told `unavailable` at once. Thread-safe; must outlive its loans.
class connection_pool {
 public:
  static constexpr std::size_t max_lent = 24;

  explicit connection_pool(address where) : address_(std::move(where)) {}
  connection_pool(const connection_pool&) = delete;
  connection_pool& operator=(const connection_pool&) = delete;

  class loan {
   public:
    loan(connection_pool& pool, std::unique_ptr<pqxx::connection> lent)
        : pool_(&pool), lent_(std::move(lent)) {}
    loan(loan&& other) noexcept = default;
    loan& operator=(loan&&) = delete;
    ~loan();
    pqxx::connection& operator*() { return *lent_; }
    /// Whether the connection still stands, as far as is known.
    [[nodiscard]] bool healthy() const { return lent_->is_open(); }

   private:
    connection_pool* pool_;
    std::unique_ptr<pqxx::connection> lent_;
  };

  /// Whether an idle connection will do. One that was idle while the server restarted is broken,
  /// which shows only when it is used.
  enum class kind { any, fresh };
  result<loan> borrow(kind wanted = kind::any);

  [[nodiscard]] const address& where() const { return address_; }

 private:
  result<std::unique_ptr<pqxx::connection>> open_new();
  void give_back(std::unique_ptr<pqxx::connection> lent);

  const address address_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::size_t lent_ = 0;
  std::vector<std::unique_ptr<pqxx::connection>> idle_;
  std::chrono::steady_clock::time_point next_attempt_{};
  std::chrono::milliseconds delay_{0};  ///< 0: the last attempt was good.
};

/// Runs `work(connection_pool::loan&)`, which answers a result and may throw; once more on a fresh
/// connection when the first one broke. So the work must be such that doing it twice does no harm.
template <class Work>
auto on_connection(connection_pool& pool, Work&& work)
    -> decltype(work(std::declval<connection_pool::loan&>())) {
  {
    auto lent = pool.borrow();
    if (!lent) return std::move(lent).error();
    auto answer = attempt([&] { return work(*lent); });
    if (answer || lent->healthy()) return answer;
  }
  auto lent = pool.borrow(connection_pool::kind::fresh);
  if (!lent) return std::move(lent).error();
  return attempt([&] { return work(*lent); });
}

/// Runs `read(pqxx::transaction_base&)` outside of any transaction.
template <class Read>
auto read_from(connection_pool& pool, Read&& read)
    -> decltype(read(std::declval<pqxx::nontransaction&>())) {
  return on_connection(pool, [&](connection_pool::loan& lent) {
    pqxx::nontransaction work(*lent);
    return read(work);
  });
}

}  // namespace troupe::postgres
