#include "runtime/core/http.hpp"

#include <boost/test/unit_test.hpp>

#include <optional>
#include <string>

namespace troupe {
namespace {

command_outcome refused(outcome_status status) {
  command_outcome outcome;
  outcome.status = status;
  outcome.stream = {"identity", "7"};
  outcome.command_id = "c-1";
  outcome.detail = "why it is so";
  return outcome;
}

std::optional<std::string> header(const http_response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return std::nullopt;
}

BOOST_AUTO_TEST_SUITE(replies_to_commands)

BOOST_AUTO_TEST_CASE(an_accepted_command_is_answered_with_its_place_in_the_log) {
  auto outcome = refused(outcome_status::accepted);
  outcome.version = 2;
  outcome.position = 17;
  outcome.events = {{"e-1", "UserModified", 2}};
  const auto reply = reply_for(outcome);
  BOOST_TEST(reply.status == 200);
  BOOST_TEST(reply.content_type == "application/json");
  BOOST_TEST(reply.body ==
             json({{"id", "7"},
                   {"stream", "identity.7"},
                   {"version", 2},
                   {"position", "identity:17"},
                   {"commandId", "c-1"},
                   {"events", {{{"id", "e-1"}, {"type", "UserModified"}, {"version", 2}}}}}));
  BOOST_TEST(header(reply, "ETag").value() == "\"2\"");
  BOOST_TEST(header(reply, "X-Position").value() == "identity:17");
}

BOOST_AUTO_TEST_CASE(when_nothing_changed_events_are_an_empty_array) {
  BOOST_TEST(reply_for(refused(outcome_status::accepted)).body.at("events") == json::array());
}

BOOST_AUTO_TEST_CASE(every_refusal_has_its_status_and_code) {
  const auto check = [](outcome_status status, int http, const char* code) {
    const auto reply = reply_for(refused(status));
    BOOST_TEST(reply.status == http, to_string(status));
    BOOST_TEST(reply.body.at("status") == http);
    BOOST_TEST(reply.body.at("code") == code);
    BOOST_TEST(reply.body.at("detail") == "why it is so");
    BOOST_TEST(reply.body.at("error") == "why it is so");
    BOOST_TEST(!reply.body.at("title").get<std::string>().empty());
    BOOST_TEST(reply.body.at("commandId") == "c-1");
    BOOST_TEST(reply.content_type == "application/problem+json");
    BOOST_TEST(header(reply, "Retry-After").has_value() == (http == 503));
  };
  check(outcome_status::rejected, 409, "rejected");
  check(outcome_status::invalid, 400, "invalid");
  check(outcome_status::not_found, 404, "not-found");
  check(outcome_status::version_mismatch, 412, "version-mismatch");
  check(outcome_status::id_reused, 422, "id-reused");
  check(outcome_status::conflict, 503, "conflict");
  check(outcome_status::overloaded, 503, "overloaded");
  check(outcome_status::unavailable, 503, "unavailable");
  check(outcome_status::in_doubt, 503, "outcome-unknown");
  check(outcome_status::failed, 500, "failed");
}

BOOST_AUTO_TEST_CASE(the_features_code_is_what_the_caller_sees) {
  auto outcome = refused(outcome_status::rejected);
  outcome.code = "account-locked";
  BOOST_TEST(reply_for(outcome).body.at("code") == "account-locked");
}

BOOST_AUTO_TEST_CASE(retry_after_is_at_least_one_second) {
  auto outcome = refused(outcome_status::overloaded);
  BOOST_TEST(header(reply_for(outcome), "Retry-After").value() == "1");
  outcome.retry_after = 7;
  BOOST_TEST(header(reply_for(outcome), "Retry-After").value() == "7");
}

BOOST_AUTO_TEST_CASE(a_lost_precondition_names_the_actual_version) {
  auto outcome = refused(outcome_status::version_mismatch);
  outcome.version = 5;
  BOOST_TEST(header(reply_for(outcome), "ETag").value() == "\"5\"");
  BOOST_TEST(!header(reply_for(refused(outcome_status::rejected)), "ETag").has_value());
}

BOOST_AUTO_TEST_CASE(invalid_fields_are_listed) {
  auto outcome = refused(outcome_status::invalid);
  BOOST_TEST(!reply_for(outcome).body.contains("fields"));
  outcome.fields = {{"/email", "is missing"}, {"/a/0", "is no number"}};
  BOOST_TEST(reply_for(outcome).body.at("fields") ==
             json({{{"path", "/email"}, {"message", "is missing"}},
                   {{"path", "/a/0"}, {"message", "is no number"}}}));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(problems)

BOOST_AUTO_TEST_CASE(a_problem_has_the_title_of_its_status) {
  const auto reply = problem(413, "too-large", "send less");
  BOOST_TEST(reply.status == 413);
  BOOST_TEST(reply.body == json({{"title", "Content Too Large"},
                                 {"status", 413},
                                 {"detail", "send less"},
                                 {"code", "too-large"},
                                 {"error", "send less"}}));
}

BOOST_AUTO_TEST_CASE(a_problem_stays_short_whatever_it_quotes) {
  const std::string quoted = std::string(299, 'a') + "ëë" + std::string(5'000, 'b');
  std::vector<field_error> fields(1'000, {'/' + quoted, "unknown member " + quoted});
  const auto reply = problem(400, "invalid", quoted, fields);
  BOOST_TEST(reply.body.at("detail") == std::string(299, 'a') + "…");  // No half of a letter.
  BOOST_TEST(reply.body.at("fields").size() == 100U);
  BOOST_TEST(reply.body.dump().size() < 100'000U);
}

BOOST_AUTO_TEST_CASE(every_status_of_the_contract_has_a_title_of_its_own) {
  for (const int status : {400, 401, 403, 404, 405, 409, 411, 412, 413, 415, 422, 429, 431, 503}) {
    BOOST_TEST(problem(status, "c", "d").body.at("title") != "Internal Server Error", status);
  }
  BOOST_TEST(problem(500, "c", "d").body.at("title") == "Internal Server Error");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
