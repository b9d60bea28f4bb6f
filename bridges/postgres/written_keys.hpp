#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/core/ids.hpp"

namespace troupe::postgres {

/// Which keys have been written to a table since it was empty: a Bloom filter. It may take a key
/// for written that is not, of a million keys two in ten thousand, never the other way round.
class written_keys {
 public:
  void add(std::string_view key) {
    for (const auto bit : places_of(key)) bits_[bit / 64] |= std::uint64_t{1} << (bit % 64);
  }

  [[nodiscard]] bool may_hold(std::string_view key) const {
    for (const auto bit : places_of(key)) {
      if ((bits_[bit / 64] & (std::uint64_t{1} << (bit % 64))) == 0) return false;
    }
    return true;
  }

 private:
  static constexpr std::size_t size = std::size_t{1} << 25U;  ///< Bits: 4 MiB.

  static std::array<std::size_t, 4> places_of(std::string_view key) {
    const std::uint64_t hash = std::hash<std::string_view>()(key);
    const std::uint64_t step = (hash >> 32U) | 1U;
    return {hash % size, (hash + step) % size, (hash + 2 * step) % size, (hash + 3 * step) % size};
  }

  std::vector<std::uint64_t> bits_ = std::vector<std::uint64_t>(size / 64);
};

/// Those of each projector that fills its table from the beginning, from one of its transactions to
/// the next. Thread-safe.
class keys_of_projectors {
 public:
  /// For a transaction of a projector that begins at this position, and which gives them back when
  /// it has committed; nullptr if they are not known.
  std::unique_ptr<written_keys> take(const std::string& projector, position_t from) {
    const std::lock_guard lock(mutex_);
    const auto [found, first] = kept_.try_emplace(projector);
    // A table that was not empty at the beginning fails the first attempt, and the next one looks.
    if (first && from == 0) return std::make_unique<written_keys>();
    return std::move(found->second);
  }

  void give_back(const std::string& projector, std::unique_ptr<written_keys> keys) {
    const std::lock_guard lock(mutex_);
    kept_[projector] = std::move(keys);
  }

  /// The table has been emptied.
  void start_anew(const std::string& projector) {
    const std::lock_guard lock(mutex_);
    kept_.erase(projector);
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<written_keys>> kept_;
};

}  // namespace troupe::postgres
