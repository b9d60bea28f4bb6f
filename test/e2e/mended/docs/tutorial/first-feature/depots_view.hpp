#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "docs/tutorial/first-feature/parcel.hpp"
#include "runtime/core/projector.hpp"

namespace parcels {

/// The tutorial's view as its next version has it: mended, so that it takes any number of grams.
/// Stands in for the header of this name when `tutorial_parcels_mended` is built.
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
    return now;
  }
};

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(depots_view::row, depot, parcels, grams)

}  // namespace parcels
