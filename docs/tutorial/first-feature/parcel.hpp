#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "docs/tutorial/first-feature/messages.hpp"
#include "runtime/core/command.hpp"
#include "runtime/core/decision.hpp"

namespace parcels {

// [aggregate]
/// One parcel, from the counter to the addressee.
struct parcel {
  static constexpr std::string_view category = "parcels";
  using command = std::variant<PostParcel, DeliverParcel>;
  using event = std::variant<ParcelPosted, ParcelDelivered>;

  struct state {
    std::string depot;  ///< "" until the parcel is posted.
    bool delivered = false;
    friend bool operator==(const state&, const state&) = default;
  };

  using decision = troupe::decision<event>;
  using context = troupe::command_context;

  static decision decide(const state& now, const PostParcel& command, const context&) {
    if (!now.depot.empty()) return troupe::reject("already-posted", "this parcel is on its way");
    return ParcelPosted{command.depot, command.grams};
  }

  static decision decide(const state& now, const DeliverParcel& command, const context&) {
    if (now.depot.empty()) return troupe::reject("not-posted", "there is no such parcel");
    if (now.delivered) return troupe::no_change;
    return ParcelDelivered{command.signedBy};
  }

  static state evolve(state now, const ParcelPosted& event) {
    now.depot = event.depot;
    return now;
  }

  static state evolve(state now, const ParcelDelivered&) {
    now.delivered = true;
    return now;
  }
};
// [aggregate]

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(parcel::state, depot, delivered)

}  // namespace parcels
