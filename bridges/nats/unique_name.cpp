#include "bridges/nats/unique_name.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <random>

namespace troupe::nats {

std::string unique_name() {
  std::random_device device;
  const auto number = (std::uint64_t{device()} << 32U) | device();
  std::array<char, 17> digits{};
  std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(number));
  return digits.data();
}

}  // namespace troupe::nats
