#pragma once

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

namespace troupe::contract {

/// Random choices that can be repeated: the seed is printed, and TROUPE_SEED sets it.
class random_choices {
 public:
  random_choices() : seed_(chosen_seed()), engine_(seed_) {
    BOOST_TEST_MESSAGE("TROUPE_SEED=" << seed_);
  }

  [[nodiscard]] std::uint64_t seed() const { return seed_; }

  /// From 0 to below `bound`.
  std::size_t below(std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(engine_);
  }
  bool chance(int percent) { return below(100) < static_cast<std::size_t>(percent); }
  std::uint64_t bits() { return engine_(); }

  template <class T>
  const T& one_of(const std::vector<T>& choices) {
    return choices[below(choices.size())];
  }

 private:
  static std::uint64_t chosen_seed() {
    if (const char* text = std::getenv("TROUPE_SEED")) return std::stoull(text);
    return std::random_device()();
  }

  std::uint64_t seed_;
  std::mt19937_64 engine_;
};

}  // namespace troupe::contract
