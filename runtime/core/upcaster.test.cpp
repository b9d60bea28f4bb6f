#include "runtime/core/upcaster.hpp"

#include <boost/test/unit_test.hpp>

#include "runtime/core/parcels.test.hpp"

namespace troupe {
namespace {

const detail::typed_aggregate<parcels::parcel> parcel_kernel;
const detail::typed_projector<parcels::weights> view;

envelope first() { return {"e", "Posted", json::object(), {{"weight", "2.5 kg"}}}; }
envelope second() { return {"e", "Posted", {{"schemaVersion", 2}}, {{"kilograms", 2.5}}}; }
envelope third() { return {"e", "Sent", {{"schemaVersion", 3}}, {{"grams", 2500}}}; }

BOOST_AUTO_TEST_SUITE(upcasters)

BOOST_AUTO_TEST_CASE(every_generation_of_an_event_moves_the_state_alike) {
  for (const auto& event : {first(), second(), third()}) {
    const auto parcel = parcel_kernel.initial();
    BOOST_TEST_REQUIRE(parcel->evolve(event).has_value());
    BOOST_TEST(parcel->state() == json({{"grams", 2500}}));
    BOOST_TEST(parcel_kernel.readable(event).has_value());
  }
}

BOOST_AUTO_TEST_CASE(every_generation_is_projected_alike_also_under_its_former_name) {
  BOOST_TEST(view.handles("Posted"));
  BOOST_TEST(!view.handles("Lost"));
  for (const auto& event : {first(), second(), third()}) {
    const recorded_event stored{event, {"parcels", "7"}, 1, 1};
    const auto decoded = view.decode(stored);
    BOOST_TEST_REQUIRE(decoded.has_value());
    const auto fold = std::move(view.fold(nullptr)).value();
    fold->apply(**decoded);
    BOOST_TEST(fold->row().value() == json({{"id", "7"}, {"grams", 2500}}));
  }
}

BOOST_AUTO_TEST_CASE(a_new_event_carries_the_version_of_its_form) {
  const auto answer = parcel_kernel.initial()->handle("Send", {{"grams", 5}}, {});
  BOOST_TEST_REQUIRE(answer.has_value());
  const auto& events = std::get<0>(*answer);
  BOOST_TEST(events.front().type == "Sent");
  BOOST_TEST(events.front().schema_version == 3U);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_lifted_is_corrupt_and_says_at_which_step) {
  auto broken = first();
  broken.data = {{"weight", "heavy"}};
  const auto evolved = parcel_kernel.initial()->evolve(broken);
  BOOST_TEST((evolved.error().code == errc::corrupt));
  BOOST_TEST(evolved.error().message.starts_with("Sent: lifting version 1: "));
  BOOST_TEST((view.decode({broken, {"parcels", "7"}, 1, 1}).error().code == errc::corrupt));

  auto thrown = second();
  thrown.data = {{"kilograms", 13}};
  BOOST_TEST((parcel_kernel.initial()->evolve(thrown).error().code == errc::corrupt));
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_the_present_type_after_lifting_is_corrupt) {
  auto odd = third();
  odd.data = {{"kilograms", 1}};
  const auto evolved = parcel_kernel.initial()->evolve(odd);
  BOOST_TEST((evolved.error().code == errc::corrupt));
  BOOST_TEST(evolved.error().message.starts_with("Sent: ["), evolved.error().message);
}

BOOST_AUTO_TEST_CASE(an_event_of_a_newer_program_is_unsupported_and_not_corrupt) {
  auto newer = third();
  newer.metadata["schemaVersion"] = 4;
  const auto evolved = parcel_kernel.initial()->evolve(newer);
  BOOST_TEST((evolved.error().code == errc::unsupported));
  BOOST_TEST(evolved.error().message ==
             "Sent: its form is version 4, this program knows up to 3; run the newer program");
}

BOOST_AUTO_TEST_CASE(a_version_that_is_no_positive_number_is_corrupt) {
  for (const json& version :
       {json(0), json(-1), json(1.5), json("2"), json(nullptr), json(std::uint64_t{1} << 40U)}) {
    auto odd = third();
    odd.metadata["schemaVersion"] = version;
    BOOST_TEST((parcel_kernel.initial()->evolve(odd).error().code == errc::corrupt), version);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
