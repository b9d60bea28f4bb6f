#include "docs/tutorial/first-feature/parcel.hpp"

#include <boost/test/unit_test.hpp>

#include "docs/tutorial/first-feature/depots_view.hpp"
#include "runtime/testkit/projection_scenario.hpp"
#include "runtime/testkit/scenario.hpp"

namespace parcels {
namespace {

using troupe::testkit::event;
using troupe::testkit::given;
using troupe::testkit::project;

BOOST_AUTO_TEST_SUITE(a_parcel)

// [test]
BOOST_AUTO_TEST_CASE(a_parcel_is_delivered_once) {
  given<parcel>(ParcelPosted{"oslo", 500}).when(DeliverParcel{"Zoë"}).then(ParcelDelivered{"Zoë"});
  given<parcel>(ParcelPosted{"oslo", 500}, ParcelDelivered{"Zoë"})
      .when(DeliverParcel{"Max"})
      .then_nothing();
  given<parcel>().when(DeliverParcel{"Zoë"}).then_rejected("not-posted");
}

BOOST_AUTO_TEST_CASE(a_depot_sums_up_what_it_was_sent) {
  project<depots_view>({event(ParcelPosted{"oslo", 500}).of("1"),
                        event(ParcelPosted{"rome", 900}).of("2"),
                        event(ParcelPosted{"oslo", 200}).of("3")})
      .then_row("oslo", {{"depot", "oslo"}, {"parcels", 2}, {"grams", 700}});
}
// [test]

BOOST_AUTO_TEST_CASE(a_parcel_is_posted_once) {
  given<parcel>().when(PostParcel{"oslo", 500}).then(ParcelPosted{"oslo", 500});
  given<parcel>(ParcelPosted{"oslo", 500})
      .when(PostParcel{"rome", 1})
      .then_rejected("already-posted");
}

BOOST_AUTO_TEST_CASE(a_parcel_too_many_is_parked) {
  const auto heavy = ParcelPosted{"oslo", 1'500'000'000};
  project<depots_view>({event(heavy).of("1"), event(heavy).of("2")})
      .then_row("oslo", {{"depot", "oslo"}, {"parcels", 1}, {"grams", 1'500'000'000}})
      .then_parked("ParcelPosted", "32 bits");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace parcels
