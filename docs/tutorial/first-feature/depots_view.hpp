#pragma once

#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>

#include "docs/tutorial/first-feature/parcel.hpp"
#include "runtime/core/projector.hpp"

namespace parcels {

// [view]
/// The view `depots`: how much each depot has been sent.
struct depots_view {
  static constexpr std::string_view view = "depots";
  static constexpr std::string_view key = "depot";
  static constexpr std::string_view category = parcel::category;
  using event = std::variant<ParcelPosted>;

  struct row {
    std::string depot;
    std::int64_t parcels = 0;
    std::int64_t grams = 0;
    friend bool operator==(const row&, const row&) = default;
  };

  static std::string key_of(const troupe::recorded<ParcelPosted>& event) {
    return event.data.depot;
  }

  static row project(row now, const troupe::recorded<ParcelPosted>& event) {
    now.depot = event.data.depot;
    now.parcels += 1;
    now.grams += event.data.grams;
    if (now.grams > std::numeric_limits<std::int32_t>::max())
      throw std::overflow_error("the column grams holds 32 bits");
    return now;
  }
};
// [view]

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(depots_view::row, depot, parcels, grams)

}  // namespace parcels
