#include "runtime/core/command.hpp"

#include <rapidcheck.h>
#include <boost/test/unit_test.hpp>

#include <set>
#include <string>
#include <vector>

namespace troupe {
namespace {

constexpr std::array all_statuses{
    outcome_status::accepted,  outcome_status::rejected,         outcome_status::invalid,
    outcome_status::not_found, outcome_status::version_mismatch, outcome_status::id_reused,
    outcome_status::conflict,  outcome_status::overloaded,       outcome_status::unavailable,
    outcome_status::failed,    outcome_status::in_doubt};

command_outcome sample() {
  command_outcome outcome;
  outcome.status = outcome_status::rejected;
  outcome.stream = {"identity", "7"};
  outcome.command_id = "c-1";
  outcome.version = 3;
  outcome.position = 17;
  outcome.events = {{"e-1", "UserAdded", 3}};
  outcome.code = "account-locked";
  outcome.detail = "it is locked, Zoë";
  outcome.fields = {{"/email", "is not an address"}};
  outcome.retry_after = 2;
  return outcome;
}

BOOST_AUTO_TEST_SUITE(command_outcomes)

BOOST_AUTO_TEST_CASE(every_status_has_its_own_name) {
  std::set<std::string> names;
  for (const auto status : all_statuses) names.insert(to_string(status));
  BOOST_TEST(names.size() == all_statuses.size());
  BOOST_TEST(to_string(outcome_status::version_mismatch) == "version-mismatch");
}

// Kept outcomes are read by later versions: the form is fixed.
BOOST_AUTO_TEST_CASE(an_outcome_is_kept_in_this_form) {
  BOOST_TEST(to_json(sample()) ==
             json({{"status", "rejected"},
                   {"stream", "identity.7"},
                   {"commandId", "c-1"},
                   {"version", 3},
                   {"position", 17},
                   {"events", {{{"id", "e-1"}, {"type", "UserAdded"}, {"version", 3}}}},
                   {"code", "account-locked"},
                   {"detail", "it is locked, Zoë"},
                   {"fields", {{{"path", "/email"}, {"message", "is not an address"}}}},
                   {"retryAfter", 2}}));
}

BOOST_AUTO_TEST_CASE(every_outcome_is_read_back_the_same) {
  for (const auto status : all_statuses) {
    auto outcome = sample();
    outcome.status = status;
    const auto read = outcome_from_json(parse_json(to_json(outcome).dump()).value());
    BOOST_TEST_REQUIRE(read.has_value());
    BOOST_TEST((*read == outcome));
  }
  BOOST_TEST(rc::check([](version_t version, position_t position, int retry_after) {
    auto outcome = sample();
    outcome.version = version;
    outcome.position = position;
    outcome.retry_after = retry_after;
    outcome.events.resize(version % 4, {"e", "T", position});
    outcome.fields.clear();
    RC_ASSERT(outcome_from_json(to_json(outcome)).value() == outcome);
  }));
}

BOOST_AUTO_TEST_CASE(an_outcome_that_is_damaged_is_corrupt) {
  const auto whole = to_json(sample());
  for (const auto& [name, value] : whole.items()) {
    auto part = whole;
    part.erase(name);
    BOOST_TEST((outcome_from_json(part).error().code == errc::corrupt), name);
    part[name] = name == "events" || name == "fields" ? json(1) : json::array();
    BOOST_TEST(!outcome_from_json(part).has_value(), name);
  }
  auto changed = whole;
  changed["status"] = "maybe";
  BOOST_TEST(outcome_from_json(changed).error().message.find("'maybe'") != std::string::npos);
  changed = whole;
  changed["stream"] = "identity";
  BOOST_TEST((outcome_from_json(changed).error().code == errc::corrupt));
  for (const json& wrong : {json(nullptr), json(1), json::array()}) {
    BOOST_TEST((outcome_from_json(wrong).error().code == errc::corrupt));
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(command_digests)

command of(std::string id, std::string type, json data) {
  command made;
  made.stream = {"identity", std::move(id)};
  made.type = std::move(type);
  made.data = std::move(data);
  return made;
}

BOOST_AUTO_TEST_CASE(a_digest_depends_on_stream_type_and_data_and_on_nothing_else) {
  const auto one = of("7", "LockAccount", {{"reason", "a"}, {"x", 1}});
  auto same = of("7", "LockAccount", {{"x", 1}, {"reason", "a"}});
  same.context.command_id = "another";
  same.context.time = timestamp(std::chrono::milliseconds(1));
  same.id_given = true;
  BOOST_TEST(one.digest() == same.digest());
  BOOST_TEST(one.digest() != of("8", "LockAccount", one.data).digest());
  BOOST_TEST(one.digest() != of("7", "UnlockAccount", one.data).digest());
  BOOST_TEST(one.digest() != of("7", "LockAccount", {{"reason", "b"}, {"x", 1}}).digest());
}

// Digests are stored with every commit.
BOOST_AUTO_TEST_CASE(a_digest_is_the_same_for_ever) {
  BOOST_TEST(of("7", "LockAccount", {{"reason", "a"}}).digest() ==
             digest_of("identity.7\nLockAccount\n{\"reason\":\"a\"}"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
