#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <string>

#include "runtime/core/clock.hpp"

namespace troupe::testkit {

/// Ids that a test can foresee: "00000000-0000-7000-8000-000000000001", then …2, and so on. Shaped
/// like the real ones (UUID version 7, rising), so they fit wherever those fit. Thread-safe.
class sequence_ids final : public id_source {
 public:
  explicit sequence_ids(std::uint64_t first = 1) : next_(first) {}

  std::string next() override { return nth(next_.fetch_add(1)); }

  /// The id that the source gives for the number `n`.
  static std::string nth(std::uint64_t n) {
    std::array<char, 37> out{};
    std::snprintf(out.data(), out.size(), "00000000-0000-7000-8000-%012llx",
                  static_cast<unsigned long long>(n & 0xffffffffffffULL));
    return out.data();
  }

 private:
  std::atomic<std::uint64_t> next_;
};

}  // namespace troupe::testkit
