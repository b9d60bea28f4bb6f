#include "runtime/core/envelope.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace troupe {
namespace {

const json whole{{"id", "e-1"},
                 {"type", "UserAdded"},
                 {"metadata", {{"traceId", "t"}, {"userId", ""}}},
                 {"data", {{"firstName", "Zoë"}}}};

BOOST_AUTO_TEST_SUITE(envelopes)

BOOST_AUTO_TEST_CASE(an_envelope_is_its_four_members) {
  const auto decoded = envelope_from_json(whole);
  BOOST_TEST_REQUIRE(decoded.has_value());
  BOOST_TEST(decoded->id == "e-1");
  BOOST_TEST(decoded->type == "UserAdded");
  BOOST_TEST(decoded->metadata == whole.at("metadata"));
  BOOST_TEST(decoded->data == whole.at("data"));
  BOOST_TEST(to_json(*decoded) == whole);
}

BOOST_AUTO_TEST_CASE(members_that_others_added_are_passed_over) {
  auto more = whole;
  more["specversion"] = "1.0";
  BOOST_TEST(to_json(envelope_from_json(more).value()) == whole);
}

BOOST_AUTO_TEST_CASE(a_missing_member_is_named) {
  for (const char* name : {"id", "type", "metadata", "data"}) {
    auto part = whole;
    part.erase(name);
    const auto decoded = envelope_from_json(part);
    BOOST_TEST_REQUIRE(!decoded.has_value(), name);
    BOOST_TEST(
        (decoded.error() == error{errc::invalid, "member '" + std::string(name) + "' is missing"}));
  }
}

BOOST_AUTO_TEST_CASE(a_member_of_another_type_is_named_and_never_converted) {
  for (const char* name : {"id", "type", "metadata", "data"}) {
    for (const json& wrong : {json(nullptr), json(1), json(1.5), json(true), json::array(),
                              whole.at(name).is_string() ? json::object() : json("text")}) {
      auto changed = whole;
      changed[name] = wrong;
      const auto decoded = envelope_from_json(changed);
      BOOST_TEST_REQUIRE(!decoded.has_value(), changed);
      BOOST_TEST((decoded.error().code == errc::invalid));
      BOOST_TEST(
          decoded.error().message.starts_with("member '" + std::string(name) + "' must be "));
    }
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_object_is_no_envelope) {
  for (const json& wrong : {json(nullptr), json(1), json("text"), json::array({whole})}) {
    BOOST_TEST(envelope_from_json(wrong).error().message == "an envelope must be a JSON object");
  }
}

BOOST_AUTO_TEST_CASE(a_recorded_event_shows_its_place_in_the_log) {
  const recorded_event recorded{envelope_from_json(whole).value(), {"identity", "7"}, 3, 17};
  auto expected = whole;
  expected.update({{"stream", "identity.7"}, {"version", 3}, {"position", 17}});
  BOOST_TEST(to_json(recorded) == expected);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
