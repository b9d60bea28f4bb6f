#include "bridges/postgres/connection_pool.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace troupe::postgres {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kept_idle = 8;

/// For a connection while all are lent.
constexpr auto patience = std::chrono::seconds(10);

constexpr milliseconds first_delay{50};
constexpr milliseconds longest_delay{2'000};

constexpr milliseconds statement_limit{30'000};

/// A transaction whose client is gone without a word must not hold its locks for ever.
constexpr int idle_in_transaction_ms = 60'000;

}  // namespace

result<std::unique_ptr<pqxx::connection>> connect(const address& where, milliseconds limit) {
  auto opened = attempt([&]() -> result<std::unique_ptr<pqxx::connection>> {
    auto fresh = std::make_unique<pqxx::connection>(where.connection);
    pqxx::nontransaction session(*fresh);
    session.exec(
        "SET client_encoding = 'UTF8'; SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD';"
        "SET standard_conforming_strings = on; SET extra_float_digits = 1;"
        "SET client_min_messages = warning;"
        "SET idle_in_transaction_session_timeout = " +
        std::to_string(idle_in_transaction_ms) + "; SET statement_timeout = " +
        std::to_string(where.statement_timeout.value_or(limit).count()));
    if (!where.search_path.empty()) {
      session.exec_params("SELECT set_config('search_path', $1, false)", where.search_path);
    }
    session.commit();
    return fresh;
  });
  if (opened) return opened;
  return error{opened.error().code, where.shown + ": " + opened.error().message};
}

result<connection_pool::loan> connection_pool::borrow(kind wanted) {
  std::unique_lock lock(mutex_);
  if (!returned_.wait_for(lock, patience, [&] { return lent_ < max_lent; })) {
    return error{errc::unavailable, address_.shown + ": all " + std::to_string(max_lent) +
                                        " connections are busy; try again later"};
  }
  if (wanted == kind::fresh) idle_.clear();
  std::unique_ptr<pqxx::connection> found;
  if (!idle_.empty()) {
    found = std::move(idle_.back());
    idle_.pop_back();
  } else {
    const auto now = std::chrono::steady_clock::now();
    if (delay_ > milliseconds(0) && now < next_attempt_) {
      return error{errc::unavailable,
                   address_.shown + " cannot be reached; the next attempt is near"};
    }
    next_attempt_ = now + delay_;
    ++lent_;
    lock.unlock();
    auto opened = open_new();
    lock.lock();
    --lent_;
    if (!opened) {
      delay_ = std::clamp(delay_ * 2, first_delay, longest_delay);
      next_attempt_ = std::chrono::steady_clock::now() + delay_;
      returned_.notify_one();
      return std::move(opened).error();
    }
    delay_ = milliseconds(0);
    found = std::move(*opened);
  }
  ++lent_;
  return loan(*this, std::move(found));
}

result<std::unique_ptr<pqxx::connection>> connection_pool::open_new() {
  auto opened = connect(address_, statement_limit);
  if (opened || opened.error().code == errc::unavailable) return opened;
  // A wrong password or a missing database may be put right while the node runs.
  return error{errc::unavailable, opened.error().message};
}

void connection_pool::give_back(std::unique_ptr<pqxx::connection> lent) {
  {
    const std::lock_guard lock(mutex_);
    --lent_;
    if (lent->is_open() && idle_.size() < kept_idle) idle_.push_back(std::move(lent));
  }
  returned_.notify_one();
}

connection_pool::loan::~loan() {
  if (lent_) pool_->give_back(std::move(lent_));
}

}  // namespace troupe::postgres
