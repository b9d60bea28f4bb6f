#include "bridges/sqlite/reader_pool.hpp"

#include <utility>

namespace troupe::sqlite {
namespace {

/// More may be in use at once; only so many are kept.
constexpr std::size_t kept_idle = 8;

}  // namespace

result<reader_pool::loan> reader_pool::borrow() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto taken = std::move(idle_.back());
      idle_.pop_back();
      return loan(*this, std::move(taken));
    }
  }
  auto opened = database::open(file_, database::mode::read_only);
  if (!opened) return std::move(opened).error();
  // Not mapped into memory: a file cut short under a mapping would end the process instead of
  // giving an error.
  if (auto set = (*opened)->execute("PRAGMA cache_size = -8192"); !set) return set.error();
  return loan(*this, std::move(*opened));
}

reader_pool::loan::~loan() {
  if (!lent_ || !lent_->healthy()) return;
  const std::lock_guard lock(pool_->mutex_);
  if (pool_->idle_.size() < kept_idle) pool_->idle_.push_back(std::move(lent_));
}

}  // namespace troupe::sqlite
