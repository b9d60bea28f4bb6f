#include "runtime/core/event_log.hpp"

#include <rapidcheck.h>
#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace troupe {
namespace {

envelope event_named(const std::string& id) {
  return {id, "UserModified", {{"traceId", "t"}, {"userId", "ë"}}, {{"firstName", "Zoë"}}};
}

recorded_commit commit_of(std::string body, std::uint32_t count, version_t first = 3) {
  recorded_commit made;
  made.data.stream = {"identity", "7"};
  made.data.first_version = first;
  made.data.event_count = count;
  made.data.body = std::move(body);
  made.position = 17;
  return made;
}

void check_corrupt(const recorded_commit& recorded, std::string_view part) {
  const auto decoded = decode(recorded);
  BOOST_TEST_REQUIRE(!decoded.has_value());
  BOOST_TEST((decoded.error().code == errc::corrupt));
  const auto& message = decoded.error().message;
  BOOST_TEST(message.find("position 17") != std::string::npos, message);
  BOOST_TEST(message.find("identity.7") != std::string::npos, message);
  BOOST_TEST(message.find(part) != std::string::npos, message);
}

BOOST_AUTO_TEST_SUITE(commit_bodies)

// The wire form: clients in other languages read it.
BOOST_AUTO_TEST_CASE(one_event_is_an_object_and_several_are_an_array) {
  const std::vector<envelope> one{event_named("e-1")};
  BOOST_TEST(
      encode_body(one) ==
      R"({"data":{"firstName":"Zoë"},"id":"e-1","metadata":{"traceId":"t","userId":"ë"},"type":"UserModified"})");
  const std::vector<envelope> two{event_named("e-1"), event_named("e-2")};
  BOOST_TEST(parse_json(encode_body(two)).value() == json({to_json(two[0]), to_json(two[1])}));
}

BOOST_AUTO_TEST_CASE(events_are_read_back_with_their_versions_and_their_position) {
  BOOST_TEST(rc::check([] {
    const auto count = *rc::gen::inRange<std::uint32_t>(1, 20);
    const auto first = *rc::gen::inRange<version_t>(1, 1'000'000);
    std::vector<envelope> events;
    for (std::uint32_t i = 0; i < count; ++i) events.push_back(event_named(std::to_string(i)));
    const auto decoded = decode(commit_of(encode_body(events), count, first));
    RC_ASSERT(decoded.has_value());
    RC_ASSERT(decoded->size() == count);
    for (std::uint32_t i = 0; i < count; ++i) {
      RC_ASSERT((*decoded)[i].event == events[i]);
      RC_ASSERT((*decoded)[i].version == first + i);
      RC_ASSERT((*decoded)[i].position == 17U);
      RC_ASSERT(((*decoded)[i].stream == stream_id{"identity", "7"}));
    }
  }));
}

BOOST_AUTO_TEST_CASE(an_array_of_one_is_read_too) {
  BOOST_TEST(decode(commit_of(json::array({to_json(event_named("e-1"))}).dump(), 1)).has_value());
}

BOOST_AUTO_TEST_CASE(a_damaged_body_is_corrupt_and_its_place_is_named) {
  check_corrupt(commit_of("", 1), "not valid JSON");
  check_corrupt(commit_of("{\"id\":", 1), "not valid JSON");
  check_corrupt(commit_of("\"\xff\"", 1), "not valid JSON");
  check_corrupt(commit_of("7", 1), "must be a JSON object");
  check_corrupt(commit_of("{}", 1), "event 1: member 'id' is missing");
  check_corrupt(commit_of(std::string(100'000, '['), 1), "deeper");
}

BOOST_AUTO_TEST_CASE(a_damaged_event_among_several_is_numbered) {
  auto body = json::array({to_json(event_named("e-1")), to_json(event_named("e-2"))});
  body[1]["data"] = nullptr;
  check_corrupt(commit_of(body.dump(), 2), "event 2: member 'data' must be an object");
}

BOOST_AUTO_TEST_CASE(another_number_of_events_than_recorded_is_corrupt) {
  const std::vector<envelope> two{event_named("e-1"), event_named("e-2")};
  check_corrupt(commit_of(encode_body(two), 1), "holds 2 events, 1 expected");
  check_corrupt(commit_of(encode_body(two), 3), "holds 2 events, 3 expected");
  check_corrupt(commit_of("[]", 1), "holds 0 events");
  check_corrupt(commit_of(to_json(two[0]).dump(), 2), "holds 1 events, 2 expected");
}

BOOST_AUTO_TEST_CASE(the_last_version_counts_from_the_first) {
  BOOST_TEST(commit_of("", 1, 1).data.last_version() == 1U);
  BOOST_TEST(commit_of("", 3, 5).data.last_version() == 7U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
