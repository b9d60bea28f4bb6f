#include "actors/identity/application/users_routes.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

#include "actors/identity/feature.hpp"
#include "actors/identity/microservice/user.hpp"
#include "runtime/testkit/direct_application.hpp"
#include "runtime/testkit/manual_clock.hpp"
#include "runtime/testkit/sequence_ids.hpp"

namespace identity {
namespace {

using troupe::command_outcome;
using troupe::http_request;
using troupe::http_response;
using troupe::json;
using troupe::outcome_status;

const json zoe{{"auth0Id", "auth0|zoe"}, {"email", "zoe@example.org"}, {"emailVerified", true},
               {"firstName", "Zoë"},     {"lastName", "Ελένη"},        {"picture", ""},
               {"locale", "en-GB"}};

struct front_end {
  troupe::testkit::manual_clock clock;
  troupe::testkit::sequence_ids ids;
  troupe::testkit::direct_application app{feature()};

  http_response send(const std::string& method, const std::string& path, json body,
                     const std::string& caller = "") {
    const auto routes = users_routes();
    const auto found = std::ranges::find_if(
        routes, [&](const auto& one) { return one.method == method && one.pattern == path; });
    BOOST_TEST_REQUIRE((found != routes.end()), method << ' ' << path);
    http_request request;
    request.method = method;
    request.path = path;
    request.body = std::move(body);
    request.caller.subject = caller;
    request.context.command_id = ids.next();
    request.context.trace_id = "trace";
    request.context.user_id = caller;
    request.context.time = clock.now();
    request.deadline = clock.monotonic() + std::chrono::seconds(10);
    return found->handle(request, app);
  }

  http_response post(json body) { return send("POST", "/v1/users", std::move(body)); }
  http_response me(const std::string& caller) {
    return send("GET", "/v1/users/me", nullptr, caller);
  }
};

json profile_of_zoe(const json& changes = json::object()) {
  json profile = zoe;
  profile["id"] = user::entity_of(zoe.get<AddUser>());
  profile["created"] = "2026-01-01T00:00:00.000Z";
  profile.update(changes);
  return profile;
}

bool has_header(const http_response& response, const std::string& name, const std::string& value) {
  return std::ranges::find(response.headers, std::pair(name, value)) != response.headers.end();
}

BOOST_AUTO_TEST_SUITE(users_routes_reply)

BOOST_FIXTURE_TEST_CASE(posting_a_new_user_adds_them_and_answers_with_their_profile, front_end) {
  const auto reply = post(zoe);
  BOOST_TEST(reply.status == 200);
  BOOST_TEST(reply.content_type == "application/json");
  BOOST_TEST(reply.body == profile_of_zoe());
  BOOST_TEST(has_header(reply, "X-Position", "identity:1"));
}

BOOST_FIXTURE_TEST_CASE(a_post_waits_until_the_view_shows_the_user, front_end) {
  post(zoe);
  BOOST_TEST(
      (app.awaited() == std::vector{std::pair(std::string("users"), troupe::position_t{1})}));
}

BOOST_FIXTURE_TEST_CASE(the_command_carries_the_requests_context, front_end) {
  send("POST", "/v1/users", zoe, "auth0|zoe");
  const auto command = app.submitted().at(0);
  BOOST_TEST(command.category == "identity");
  BOOST_TEST(command.id == "");
  BOOST_TEST(command.type == "AddUser");
  BOOST_TEST(command.data == zoe);
  BOOST_TEST(command.context.command_id == troupe::testkit::sequence_ids::nth(1));
  BOOST_TEST(command.context.trace_id == "trace");
  BOOST_TEST(command.context.user_id == "auth0|zoe");
  BOOST_TEST(!command.id_given);
  BOOST_TEST((command.deadline == clock.monotonic() + std::chrono::seconds(10)));
}

BOOST_FIXTURE_TEST_CASE(posting_the_same_user_again_succeeds_with_what_was_there_first, front_end) {
  post(zoe);
  clock.advance(std::chrono::hours(1));
  auto again = zoe;
  again["firstName"] = "Someone else";
  const auto reply = post(again);
  BOOST_TEST(reply.status == 200);
  BOOST_TEST(reply.body == profile_of_zoe());
}

BOOST_FIXTURE_TEST_CASE(a_user_is_found_by_the_callers_sub, front_end) {
  post(zoe);
  const auto reply = me("auth0|zoe");
  BOOST_TEST(reply.status == 200);
  BOOST_TEST(reply.body == profile_of_zoe());
  BOOST_TEST(me("auth0|max").status == 404);
}

BOOST_FIXTURE_TEST_CASE(a_caller_who_is_no_user_yet_gets_the_error_that_the_front_end_looks_for,
                        front_end) {
  const auto reply = me("auth0|zoe");
  BOOST_TEST(reply.status == 404);
  BOOST_TEST(reply.body.at("error") == "user not found");
  BOOST_TEST(reply.body.at("code") == "user-not-found");
  BOOST_TEST(reply.body.at("title") == "Not Found");
  BOOST_TEST(reply.content_type == "application/problem+json");
}

BOOST_FIXTURE_TEST_CASE(an_unknown_caller_is_told_how_to_become_known, front_end) {
  const auto reply = me("");
  BOOST_TEST(reply.status == 401);
  BOOST_TEST(reply.body.at("detail").get<std::string>().find("bearer token") != std::string::npos);
  BOOST_TEST(reply.body.at("detail").get<std::string>().find("X-Debug-Sub") != std::string::npos);
  BOOST_TEST(has_header(reply, "WWW-Authenticate", "Bearer"));
}

BOOST_FIXTURE_TEST_CASE(a_body_that_is_no_object_or_brings_an_id_is_malformed, front_end) {
  for (const json& body : {json(nullptr), json::array(), json("text"), json(1)})
    BOOST_TEST(post(body).status == 400);
  auto with_id = zoe;
  with_id["id"] = "4711";
  const auto reply = post(with_id);
  BOOST_TEST(reply.status == 400);
  BOOST_TEST(reply.body.at("fields").at(0).at("path") == "/id");
  BOOST_TEST(app.submitted().empty());
}

BOOST_FIXTURE_TEST_CASE(errors_of_the_schema_come_back_as_fields, front_end) {
  command_outcome invalid;
  invalid.status = outcome_status::invalid;
  invalid.code = "invalid";
  invalid.detail = "email is not an address";
  invalid.fields = {{"/email", "is not an address"}};
  app.answer_next(invalid);
  const auto reply = post(zoe);
  BOOST_TEST(reply.status == 400);
  BOOST_TEST(reply.body.at("fields") ==
             json({{{"path", "/email"}, {"message", "is not an address"}}}));
  BOOST_TEST(app.awaited().empty());
}

BOOST_FIXTURE_TEST_CASE(a_closed_account_is_a_conflict, front_end) {
  post(zoe);
  troupe::command_request close;
  close.category = "identity";
  close.id = user::entity_of(zoe.get<AddUser>());
  close.type = "CloseAccount";
  close.data = {{"reason", "moved away"}};
  close.context.command_id = "close";
  BOOST_TEST((app.execute(close).status == outcome_status::accepted));
  const auto reply = post(zoe);
  BOOST_TEST(reply.status == 409);
  BOOST_TEST(reply.body.at("code") == "account-closed");
  BOOST_TEST(me("auth0|zoe").status == 200);
}

BOOST_FIXTURE_TEST_CASE(a_command_in_doubt_is_never_answered_with_success, front_end) {
  app.answer_next({});
  const auto reply = post(zoe);
  BOOST_TEST(reply.status == 503);
  BOOST_TEST(reply.body.at("code") == "outcome-unknown");
}

BOOST_FIXTURE_TEST_CASE(a_view_that_is_late_does_not_make_a_stored_user_a_failure, front_end) {
  app.hold_views(true);
  const auto reply = post(zoe);
  BOOST_TEST(reply.status == 200);
  BOOST_TEST(reply.body == profile_of_zoe());
  BOOST_TEST(me("auth0|zoe").status == 404);
  clock.advance(std::chrono::hours(1));
  BOOST_TEST(post(zoe).body == profile_of_zoe({{"created", nullptr}}));
  app.hold_views(false);
  BOOST_TEST(me("auth0|zoe").body == profile_of_zoe());
}

BOOST_FIXTURE_TEST_CASE(a_view_store_that_is_away_fails_reads_but_not_stored_users, front_end) {
  app.fail_views(troupe::error{troupe::errc::unavailable, "no connection"});
  BOOST_TEST(post(zoe).body == profile_of_zoe());
  const auto reply = me("auth0|zoe");
  BOOST_TEST(reply.status == 503);
  BOOST_TEST(has_header(reply, "Retry-After", "1"));
  app.fail_views(troupe::error{troupe::errc::corrupt, "a row"});
  BOOST_TEST(me("auth0|zoe").status == 500);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace identity
