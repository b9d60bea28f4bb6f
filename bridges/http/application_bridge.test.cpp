#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <condition_variable>
#include <future>
#include <mutex>

#include "bridges/http/fake_node.test.hpp"
#include "bridges/http/http_bridge.hpp"
#include "bridges/http/raw_client.test.hpp"
#include "runtime/core/made_id.hpp"

using namespace troupe;
using namespace troupe::http;

namespace {

struct serving {
  explicit serving(http_options options = {}) : bridge(make_http_bridge(node, std::move(options))) {
    BOOST_REQUIRE(bridge->start(nullptr));
  }
  answer_seen ask(std::string_view method, std::string_view target, std::string_view headers = "",
                  std::string_view body = "") {
    return troupe::http::ask(bridge->port(), method, target, headers, body);
  }

  fake_node node;
  std::unique_ptr<server_bridge> bridge;
};

http_options with_debug_sub() {
  http_options options;
  options.debug_sub = true;
  return options;
}

bool is_problem(const answer_seen& seen, int status, std::string_view code) {
  BOOST_TEST(seen.status == status);
  BOOST_TEST(seen.header("content-type") == "application/problem+json");
  const auto body = seen.value();
  BOOST_TEST(body.at("status") == status);
  BOOST_TEST(body.at("code").get<std::string>() == code);
  BOOST_TEST(body.at("error") == body.at("detail"));
  BOOST_TEST(!body.at("title").get<std::string>().empty());
  return seen.status == status;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(application_bridge)

BOOST_AUTO_TEST_CASE(a_command_is_submitted_and_answered_with_its_place_in_the_log) {
  serving on;
  const auto seen = on.ask("POST", "/v1/accounts/4711/OpenAccount", "", R"({"owner":"Zoë"})");
  BOOST_TEST(seen.status == 200);
  BOOST_TEST(seen.header("content-type") == "application/json");
  BOOST_TEST(seen.header("etag") == "\"2\"");
  BOOST_TEST(seen.header("x-position") == "accounts:17");
  const auto body = seen.value();
  BOOST_TEST(body.at("id") == "4711");
  BOOST_TEST(body.at("stream") == "accounts.4711");
  BOOST_TEST(body.at("version") == 2);
  BOOST_TEST(body.at("position") == "accounts:17");
  BOOST_TEST(body.at("events") ==
             json::parse(R"([{"id":"e1","type":"AccountOpened","version":2}])"));

  const auto command = on.node.fake.submitted().at(0);
  BOOST_TEST(command.category == "accounts");
  BOOST_TEST(command.id == "4711");
  BOOST_TEST(command.type == "OpenAccount");
  BOOST_TEST(command.data == json({{"owner", "Zoë"}}));
  BOOST_TEST(command.context.command_id == body.at("commandId").get<std::string>());
  BOOST_TEST(command.context.correlation_id == command.context.trace_id);
  BOOST_TEST(seen.header("x-trace-id") == command.context.trace_id);
  BOOST_TEST(command.context.trace_id.size() == 32U);
  BOOST_TEST(!command.id_given);
  BOOST_TEST(!command.expected_version.has_value());
  BOOST_TEST((command.deadline != monotonic_time::max()));
}

BOOST_AUTO_TEST_CASE(a_command_without_an_id_leaves_the_entity_to_the_feature) {
  serving on;
  BOOST_TEST(on.ask("POST", "/v1/accounts/OpenAccount", "", "{}").status == 200);
  BOOST_TEST(on.node.fake.submitted().at(0).id.empty());
}

BOOST_AUTO_TEST_CASE(an_idempotency_key_becomes_the_command_id) {
  serving on;
  const auto seen =
      on.ask("POST", "/v1/accounts/1/OpenAccount", "Idempotency-Key: \"key%20\"\\1\r\n", "{}");
  BOOST_TEST(seen.value().at("commandId") == "\"key%20\"\\1");
  BOOST_TEST(on.node.fake.submitted().at(0).id_given);
  is_problem(on.ask("POST", "/v1/accounts/1/OpenAccount", "Idempotency-Key: a b\r\n", "{}"), 400,
             "invalid");
  is_problem(on.ask("POST", "/v1/accounts/1/OpenAccount", "Idempotency-Key: \r\n", "{}"), 400,
             "invalid");
}

BOOST_AUTO_TEST_CASE(if_match_demands_a_version) {
  serving on;
  on.ask("POST", "/v1/accounts/1/OpenAccount", "If-Match: \"3\"\r\n", "{}");
  BOOST_TEST((on.node.fake.submitted().at(0).expected_version == version_t{3}));
  for (const auto* wrong :
       {"3", "*", "W/\"3\"", "\"x\"", "\"\"", "\"-1\"", "\"99999999999999999999\""}) {
    BOOST_TEST_CONTEXT(wrong)
    is_problem(on.ask("POST", "/v1/accounts/1/OpenAccount",
                      std::string("If-Match: ") + wrong + "\r\n", "{}"),
               400, "invalid");
  }
  BOOST_TEST(on.node.fake.submitted().size() == 1U);
}

BOOST_AUTO_TEST_CASE(each_outcome_has_its_status) {
  serving on;
  const std::vector<std::pair<outcome_status, int>> statuses{
      {outcome_status::rejected, 409},   {outcome_status::invalid, 400},
      {outcome_status::not_found, 404},  {outcome_status::version_mismatch, 412},
      {outcome_status::id_reused, 422},  {outcome_status::conflict, 503},
      {outcome_status::overloaded, 503}, {outcome_status::unavailable, 503},
      {outcome_status::failed, 500},     {outcome_status::in_doubt, 503}};
  for (const auto& [status, expected] : statuses) {
    on.node.fake.on_submit = [status = status](const command_request&, const completion& done) {
      command_outcome outcome;
      outcome.status = status;
      outcome.fields = {{"/owner", "is empty"}};
      done(outcome);
    };
    const auto seen = on.ask("POST", "/v1/accounts/1/OpenAccount", "", "{}");
    BOOST_TEST(seen.status == expected);
    BOOST_TEST(seen.value().at("fields").at(0).at("path") == "/owner");
    BOOST_TEST((seen.header("retry-after").empty() == (expected != 503)));
  }
}

BOOST_AUTO_TEST_CASE(an_accepted_answer_reads_as_reply_for_says_it) {
  serving on;
  for (const std::size_t events : {0U, 1U, 3U}) {
    command_outcome outcome;
    on.node.fake.on_submit = [&](const command_request& request, const completion& done) {
      outcome = fake_application::usual(request);
      outcome.events.assign(events, {"e\"1\n", "Zoë", 5});
      done(outcome);
    };
    const auto seen = on.ask("POST", "/v1/accounts/1/OpenAccount", "", "{}");
    BOOST_TEST(seen.value() == reply_for(outcome).body);
    for (const auto& [name, value] : reply_for(outcome).headers) {
      BOOST_TEST((seen.header(name == "ETag" ? "etag" : "x-position") == value));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_command_needs_an_object_and_well_formed_names) {
  serving on;
  is_problem(on.ask("POST", "/v1/accounts/1/OpenAccount", "", "[]"), 400, "invalid");
  is_problem(on.ask("POST", "/v1/accounts/1/OpenAccount"), 400, "invalid");
  is_problem(on.ask("POST", "/v1/accounts/a.b/OpenAccount", "", "{}"), 400, "invalid");
  is_problem(on.ask("POST", "/v1/accounts/command/OpenAccount", "", "{}"), 400, "invalid");
  is_problem(on.ask("POST", "/v1/Accounts/1/OpenAccount", "", "{}"), 400, "invalid");
  is_problem(on.ask("POST", "/v1/nobody/1/OpenAccount", "", "{}"), 404, "not-found");
  is_problem(on.ask("POST", "/v1/accounts/1/openAccount", "", "{}"), 404, "not-found");
  BOOST_TEST(on.node.fake.submitted().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_traceparent_is_carried_on_when_it_is_valid) {
  serving on;
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const auto parent = "00-" + trace + "-00f067aa0ba902b7-01";
  const auto seen =
      on.ask("POST", "/v1/accounts/1/OpenAccount", "traceparent: " + parent + "\r\n", "{}");
  BOOST_TEST(seen.header("x-trace-id") == trace);
  BOOST_TEST(on.node.fake.submitted().at(0).context.trace_id == trace);
  BOOST_TEST(on.node.fake.submitted().at(0).context.traceparent == parent);

  on.ask("POST", "/v1/accounts/1/OpenAccount", "traceparent: 00-nonsense\r\n", "{}");
  BOOST_TEST(on.node.fake.submitted().at(1).context.trace_id.size() == 32U);
  BOOST_TEST(on.node.fake.submitted().at(1).context.traceparent.empty());
}

BOOST_AUTO_TEST_CASE(x_debug_sub_is_believed_only_where_it_is_allowed) {
  serving trusting(with_debug_sub());
  BOOST_TEST(
      trusting.ask("GET", "/v1/accounts/me", "X-Debug-Sub: auth0|1\r\n").value().at("caller") ==
      "auth0|1");
  trusting.ask("POST", "/v1/accounts/1/OpenAccount", "X-Debug-Sub: auth0|1\r\n", "{}");
  BOOST_TEST(trusting.node.fake.submitted().at(0).context.user_id == "auth0|1");
  is_problem(trusting.ask("GET", "/v1/accounts/me", "X-Debug-Sub: Zo\xff\r\n"), 400, "invalid");

  serving strict;
  BOOST_TEST(
      strict.ask("GET", "/v1/accounts/me", "X-Debug-Sub: auth0|1\r\n").value().at("caller") == "");
}

BOOST_AUTO_TEST_CASE(features_routes_come_before_the_general_ones_and_literals_before_parameters) {
  serving on;
  const auto me =
      on.ask("GET", "/v1/accounts/me?color=red&color=blue", "X-Agent: one\r\nx-agent: two\r\n");
  BOOST_TEST(
      me.value() ==
      json({{"caller", ""}, {"path", "/v1/accounts/me"}, {"color", 2}, {"agent", "one, two"}}));
  BOOST_TEST(me.header("x-note") == "oneSet-Cookie: two");
  BOOST_TEST(me.header("set-cookie").empty());
  BOOST_TEST(on.ask("GET", "/v1/accounts/a%2Fb%20c").value().at("account") == "a/b c");
  const auto seen = on.ask("POST", "/v1/accounts", "Idempotency-Key: k1\r\n", R"({"owner":"x"})");
  BOOST_TEST(seen.status == 200);
  BOOST_TEST(on.node.fake.submitted().at(0).context.command_id == "k1");
  BOOST_TEST(on.node.fake.submitted().at(0).id_given);
  BOOST_TEST(on.node.fake.submitted().at(0).data == json({{"owner", "x"}}));
}

BOOST_AUTO_TEST_CASE(a_view_is_queried_by_columns_order_limit_and_cursor) {
  serving on;
  const auto seen =
      on.ask("GET", "/v1/views/owners?owner=Zo%C3%AB+B&order=-age&limit=5&after=x%2By&color=");
  BOOST_TEST(seen.status == 200);
  BOOST_TEST(seen.value() ==
             json::parse(R"({"items":[{"id":"4711"}],"next":null,"position":"accounts:7"})"));
  BOOST_TEST(seen.header("x-position") == "accounts:7");
  const auto query = on.node.fake.queries().at(0);
  BOOST_TEST((query.equals ==
              std::vector<std::pair<std::string, json>>{{"owner", "Zoë B"}, {"color", ""}}));
  BOOST_TEST(query.order_by == "age");
  BOOST_TEST(query.descending);
  BOOST_TEST(query.limit == 5U);
  BOOST_TEST(query.after == "x+y");
  BOOST_TEST(on.ask("GET", "/v1/views/owners").value().at("next") == "cursor");

  for (const auto* wrong :
       {"limit=0", "limit=1001", "limit=x", "limit=-1", "limit=", "limit=1&limit=2",
        "order=", "order=-", "order=nonsense", "limit=99999999999999999999999"}) {
    BOOST_TEST_CONTEXT(wrong)
    is_problem(on.ask("GET", std::string("/v1/views/owners?") + wrong), 400, "invalid");
  }
  is_problem(on.ask("GET", "/v1/views/nothing"), 404, "not-found");
}

BOOST_AUTO_TEST_CASE(a_row_has_an_entity_tag_and_is_not_sent_twice) {
  serving on;
  const auto row = on.ask("GET", "/v1/views/owners/4711");
  BOOST_TEST(row.value() == json({{"id", "4711"}, {"owner", "Zoë"}}));
  BOOST_TEST(row.header("x-position") == "accounts:7");
  const auto tag = row.header("etag");
  BOOST_TEST(tag.size() > 2U);
  for (const auto& match : {tag, "W/" + tag, "\"x\", " + tag, std::string("*")}) {
    const auto same =
        raw_client(on.bridge->port())
            .send(request_text("GET", "/v1/views/owners/4711", "If-None-Match: " + match + "\r\n"))
            .receive();
    BOOST_TEST(same.status == 304);
    BOOST_TEST(same.header("etag") == tag);
    BOOST_TEST(same.headers.count("content-length") == 0U);
  }
  BOOST_TEST(on.ask("GET", "/v1/views/owners/4711", "If-None-Match: \"other\"\r\n").status == 200);
  const auto missing = on.ask("GET", "/v1/views/owners/nobody");
  is_problem(missing, 404, "not-found");
  is_problem(on.ask("GET", "/v1/views/nothing/1"), 404, "not-found");
}

BOOST_AUTO_TEST_CASE(a_reader_may_ask_for_a_position_and_is_told_what_there_is) {
  serving on;
  BOOST_TEST(on.ask("GET", "/v1/views/owners/4711", "X-Min-Position: accounts:7\r\n").status ==
             200);
  http_options hurried;
  hurried.deadline = std::chrono::milliseconds(1);
  serving impatient(hurried);
  const auto late = impatient.ask("GET", "/v1/views/owners", "X-Min-Position: accounts:8\r\n");
  is_problem(late, 503, "view-behind");
  BOOST_TEST(late.value().at("position") == "accounts:7");
  BOOST_TEST(late.header("x-position") == "accounts:7");
  BOOST_TEST(late.header("retry-after") == "1");
  for (const auto* wrong : {"8", "others:8", "accounts:", "accounts:x", ":"}) {
    is_problem(on.ask("GET", "/v1/views/owners", std::string("X-Min-Position: ") + wrong + "\r\n"),
               400, "invalid");
  }
}

BOOST_AUTO_TEST_CASE(events_come_in_whole_commits_with_where_to_go_on) {
  serving on;
  const auto seen = on.ask("GET", "/v1/events/accounts?from=2").value();
  BOOST_TEST(seen.at("items").size() == 2U);
  BOOST_TEST(seen.at("items").at(0).at("position") == 4);
  BOOST_TEST(seen.at("items").at(1).at("stream") == "accounts.1");
  BOOST_TEST(seen.at("next") == 5);
  BOOST_TEST(on.ask("GET", "/v1/events/accounts?from=5").value() ==
             json::parse(R"({"items":[],"next":5})"));
  is_problem(on.ask("GET", "/v1/events/accounts?from=-1"), 400, "invalid");
  is_problem(on.ask("GET", "/v1/events/accounts?limit=1001"), 400, "invalid");
  is_problem(on.ask("GET", "/v1/events/nobody"), 404, "not-found");
  is_problem(on.ask("GET", "/v1/events/NOBODY"), 400, "invalid");
  is_problem(on.ask("GET", "/v1/events/torn"), 500, "corrupt");
}

BOOST_AUTO_TEST_CASE(an_envelope_names_its_command_and_its_stream) {
  serving on;
  const auto seen = on.ask("POST", "/v1/commands", "",
                           R"({"id":"c1","type":"OpenAccount","stream":"accounts.command.9",
      "metadata":{"traceId":"t1","userId":"somebody","causationId":"m1"},"data":{"owner":"x"}})");
  BOOST_TEST(seen.status == 200);
  BOOST_TEST(seen.value().at("status") == 200);
  BOOST_TEST(seen.value().at("commandId") == "c1");
  const auto command = on.node.fake.submitted().at(0);
  BOOST_TEST(command.id == "9");
  BOOST_TEST(command.id_given);
  BOOST_TEST(command.context.trace_id == "t1");
  BOOST_TEST(command.context.causation_id == "m1");
  BOOST_TEST(command.context.user_id.empty());  // A caller cannot say who they are.

  BOOST_TEST(on.ask("POST", "/v1/commands", "",
                    R"({"id":"c2","type":"OpenAccount","metadata":{},"data":{}})")
                 .status == 200);
  BOOST_TEST(on.node.fake.submitted().at(1).category == "accounts");
  BOOST_TEST(on.node.fake.submitted().at(1).id.empty());
  is_problem(
      on.ask("POST", "/v1/commands", "", R"({"id":"c3","type":"Unheard","metadata":{},"data":{}})"),
      404, "not-found");
  is_problem(on.ask("POST", "/v1/commands", "",
                    R"({"id":"c 3","type":"OpenAccount","metadata":{},"data":{}})"),
             400, "invalid");
  is_problem(on.ask("POST", "/v1/commands", "", R"({"type":"OpenAccount"})"), 400, "invalid");
  is_problem(
      on.ask("POST", "/v1/commands", "",
             R"({"id":"c","type":"OpenAccount","stream":"accounts.9","metadata":{},"data":{}})"),
      400, "invalid");
  is_problem(on.ask("POST", "/v1/commands", "", "7"), 400, "invalid");
  is_problem(on.ask("POST", "/v1/commands", "Idempotency-Key: k\r\n", "[]"), 400, "invalid");
}

BOOST_AUTO_TEST_CASE(an_array_of_envelopes_is_submitted_whole_and_answered_in_order) {
  serving on;
  std::mutex mutex;
  std::vector<std::pair<command_request, completion>> kept;
  on.node.fake.on_submit = [&](const command_request& request, completion done) {
    const std::lock_guard lock(mutex);
    kept.emplace_back(request, std::move(done));
  };
  auto answering = std::async(std::launch::async, [&] {
    on.node.fake.wait_for_submissions(2);  // None is answered before all are there.
    for (std::size_t known = 0; known < 2;) {
      const std::lock_guard lock(mutex);
      known = kept.size();
    }
    for (auto& [command, complete] : kept) {
      auto outcome = fake_application::usual(command);
      if (command.id == "2") outcome.status = outcome_status::rejected;
      complete(outcome);
    }
  });
  const auto seen = on.ask("POST", "/v1/commands", "", R"([
    {"id":"c1","type":"OpenAccount","stream":"accounts.command.1","metadata":{},"data":{}},
    {"id":"c2"},
    {"id":"c3","type":"OpenAccount","stream":"accounts.command.2","metadata":{},"data":{}}])");
  BOOST_TEST(seen.status == 200);
  const auto body = seen.value();
  BOOST_TEST(body.size() == 3U);
  BOOST_TEST(body.at(0).at("status") == 200);
  BOOST_TEST(body.at(0).at("commandId") == "c1");
  BOOST_TEST(body.at(1).at("status") == 400);
  BOOST_TEST(body.at(2).at("status") == 409);
  BOOST_TEST(body.at(2).at("commandId") == "c3");

  is_problem(on.ask("POST", "/v1/commands", "", "[]"), 400, "invalid");
  std::string many = "[0";
  for (int i = 0; i < 1000; ++i) many += ",0";
  is_problem(on.ask("POST", "/v1/commands", "", many + "]"), 400, "invalid");
}

BOOST_AUTO_TEST_CASE(an_equal_id_in_an_array_waits_for_the_earlier_one) {
  serving on;
  std::mutex mutex;
  std::condition_variable arrived;
  std::vector<std::string> happened;
  std::vector<std::pair<command_request, completion>> kept;
  on.node.fake.on_submit = [&](const command_request& request, completion done) {
    const std::lock_guard lock(mutex);
    happened.push_back(request.context.command_id + '/' + request.id);
    kept.emplace_back(request, std::move(done));
    arrived.notify_one();
  };
  auto answering = std::async(std::launch::async, [&] {
    for (std::size_t answered = 0; answered < 4;) {
      std::unique_lock lock(mutex);
      // The first two together, so that the third could come before the answer if it did not wait.
      arrived.wait(lock,
                   [&] { return answered + kept.size() >= (answered == 0 ? 2 : answered + 1); });
      answered += kept.size();
      for (auto& [command, complete] : std::exchange(kept, {})) {
        happened.push_back("answer to " + command.context.command_id + '/' + command.id);
        complete(fake_application::usual(command));
      }
    }
  });
  const auto seen = on.ask("POST", "/v1/commands", "", R"([
    {"id":"c1","type":"OpenAccount","stream":"accounts.command.1","metadata":{},"data":{}},
    {"id":"c2","type":"OpenAccount","stream":"accounts.command.1","metadata":{},"data":{}},
    {"id":"c1","type":"OpenAccount","stream":"accounts.command.2","metadata":{},"data":{}},
    {"id":"c3","type":"OpenAccount","stream":"accounts.command.2","metadata":{},"data":{}}])");
  answering.get();
  BOOST_TEST(seen.value().size() == 4U);
  const auto when = [&](const std::string& what) { return std::ranges::find(happened, what); };
  BOOST_TEST((when("c1/1") < when("c2/1")));
  BOOST_TEST((when("answer to c1/1") < when("c1/2")));
  BOOST_TEST((when("c1/2") < when("c3/2")));
}

BOOST_AUTO_TEST_CASE(what_waits_for_an_equal_id_is_not_begun_after_the_deadline) {
  http_options options;
  options.deadline = std::chrono::milliseconds(1);
  serving on(options);
  completion kept;
  on.node.fake.on_submit = [&](const command_request&, completion done) { kept = std::move(done); };
  const auto seen = on.ask("POST", "/v1/commands", "", R"([
    {"id":"c1","type":"OpenAccount","metadata":{},"data":{}},
    {"id":"c1","type":"OpenAccount","metadata":{},"data":{}},
    {"id":"c2","type":"OpenAccount","metadata":{},"data":{}}])")
                        .value();
  BOOST_TEST(seen.at(0).at("code") == "outcome-unknown");
  BOOST_TEST(seen.at(1).at("code") == "deadline-exceeded");
  BOOST_TEST(seen.at(2).at("code") == "deadline-exceeded");
  BOOST_TEST(seen.at(2).at("commandId") == "c2");
  BOOST_TEST(on.node.fake.submitted().size() == 1U);
  kept({});
}

BOOST_AUTO_TEST_CASE(a_caller_who_prefers_not_to_wait_is_told_where_to_ask) {
  serving on;
  for (const auto* prefer : {"respond-async", "wait=1, Respond-Async; foo=bar"}) {
    const auto seen = on.ask("POST", "/v1/accounts/1/OpenAccount",
                             std::string("Idempotency-Key: a/b\"%\r\nPrefer: ") + prefer + "\r\n",
                             R"({"owner":"x"})");
    BOOST_TEST(seen.status == 202);
    BOOST_TEST(seen.header("location") == "/v1/commands/a%2Fb%22%25");
    BOOST_TEST(seen.header("preference-applied") == "respond-async");
    BOOST_TEST(seen.value().at("commandId") == "a/b\"%");
    BOOST_TEST(seen.value().at("status") == "pending");
  }
  BOOST_TEST(on.ask("POST", "/v1/accounts/OpenAccount", "Prefer: respond-async\r\n", "{}").status ==
             202);
  // Told before the command is in the log, the node's own id must be claimed like any other.
  const auto told = on.ask("POST", "/v1/accounts/OpenAccount", "Prefer: respond-async\r\n", "{}");
  BOOST_TEST(!made_at(told.value().at("commandId").get<std::string>()).has_value());
  for (const auto* other : {"return=minimal", "respond-asynchronously", "x;respond-async", ""}) {
    BOOST_TEST(
        on.ask("POST", "/v1/accounts/OpenAccount", std::string("Prefer: ") + other + "\r\n", "{}")
            .status == 200);
  }
  is_problem(on.ask("POST", "/v1/nobody/1/OpenAccount", "Prefer: respond-async\r\n", "{}"), 404,
             "not-found");
  is_problem(on.ask("POST", "/v1/accounts/1/OpenAccount", "Prefer: respond-async\r\n", "[]"), 400,
             "invalid");
}

BOOST_AUTO_TEST_CASE(envelopes_that_are_not_waited_for_say_where_to_ask_or_why_not) {
  serving on;
  const auto one = on.ask("POST", "/v1/commands", "Prefer: respond-async\r\n",
                          R"({"id":"c1","type":"OpenAccount","metadata":{},"data":{}})");
  BOOST_TEST(one.status == 202);
  BOOST_TEST(one.header("location") == "/v1/commands/c1");
  const auto seen = on.ask("POST", "/v1/commands", "Prefer: respond-async\r\n", R"([
    {"id":"c2","type":"OpenAccount","metadata":{},"data":{}},
    {"id":"c3","type":"Unheard","metadata":{},"data":{}},
    {"id":"c4","type":"OpenAccount","stream":"nobody.command.1","metadata":{},"data":{}}])");
  BOOST_TEST(seen.status == 202);
  BOOST_TEST(seen.header("preference-applied") == "respond-async");
  BOOST_TEST(seen.value().at(0).at("status") == 202);
  BOOST_TEST(seen.value().at(0).at("location") == "/v1/commands/c2");
  BOOST_TEST(seen.value().at(1).at("status") == 404);
  BOOST_TEST(seen.value().at(2).at("status") == 404);
}

BOOST_AUTO_TEST_CASE(the_outcome_of_a_command_can_be_asked_for) {
  serving on;
  auto& known = on.node.fake.outcomes;
  command_outcome outcome;
  outcome.stream = {"accounts", "1"};
  outcome.command_id = "done/1";
  outcome.version = 2;
  outcome.position = 17;
  outcome.events = {{"e1", "AccountOpened", 2}};
  outcome.status = outcome_status::accepted;
  known["done/1"] = outcome;
  outcome.command_id = "refused";
  outcome.status = outcome_status::rejected;
  outcome.code = "account-closed";
  outcome.detail = "it is closed";
  known["refused"] = outcome;
  outcome.code = "";
  outcome.status = outcome_status::version_mismatch;
  known["mismatch"] = outcome;
  outcome.status = outcome_status::failed;
  known["crashed"] = outcome;
  known["waiting"] = std::nullopt;

  const auto accepted = on.ask("GET", "/v1/commands/done%2F1").value();
  BOOST_TEST(accepted == json::parse(R"({"commandId":"done/1","status":"accepted","id":"1",
      "stream":"accounts.1","version":2,"position":"accounts:17",
      "events":[{"id":"e1","type":"AccountOpened","version":2}]})"));
  BOOST_TEST(on.ask("GET", "/v1/commands/refused").value() ==
             json::parse(R"({"commandId":"refused","status":"rejected","code":"account-closed",
      "detail":"it is closed","id":"1","stream":"accounts.1"})"));
  BOOST_TEST(on.ask("GET", "/v1/commands/mismatch").value().at("code") == "version-mismatch");
  BOOST_TEST(on.ask("GET", "/v1/commands/mismatch").value().at("status") == "rejected");
  BOOST_TEST(on.ask("GET", "/v1/commands/crashed").value().at("status") == "parked");
  const auto waiting = on.ask("GET", "/v1/commands/waiting");
  BOOST_TEST(waiting.value() == json({{"commandId", "waiting"}, {"status", "pending"}}));
  BOOST_TEST(waiting.header("retry-after") == "1");
  is_problem(on.ask("GET", "/v1/commands/unheard-of"), 404, "not-found");
  is_problem(on.ask("GET", "/v1/commands/two%20words"), 400, "invalid");
}

BOOST_AUTO_TEST_CASE(descriptions_name_what_is_served_and_have_a_tag) {
  serving on;
  const auto seen = on.ask("GET", "/v1/openapi.json");
  const auto paths = seen.value().at("paths");
  for (const auto* path : {"/v1/accounts/OpenAccount", "/v1/accounts/{id}/OpenAccount",
                           "/v1/commands", "/v1/commands/{commandId}", "/v1/events/accounts",
                           "/v1/accounts/{id}", "/v1/openapi.json"}) {
    BOOST_TEST(paths.contains(path), path);
  }
  BOOST_TEST(paths.at("/v1/accounts/me").at("get").at("summary") == "Who asks");
  const auto tag = seen.header("etag");
  for (const auto& match : {tag, "W/" + tag, "\"x\"\r\nIf-None-Match: " + tag}) {
    BOOST_TEST(
        raw_client(on.bridge->port())
            .send(request_text("GET", "/v1/openapi.json", "If-None-Match: " + match + "\r\n"))
            .receive()
            .status == 304);
  }
  const auto streams = on.ask("GET", "/v1/asyncapi.json").value();
  BOOST_TEST(streams.at("channels").at("accounts.events").at("address") == "accounts.{id}");
  BOOST_TEST(streams.at("channels").at("accounts.commands").at("address") ==
             "accounts.command.{id}");
}

BOOST_AUTO_TEST_CASE(an_array_does_not_wait_longer_than_its_deadline) {
  http_options options;
  options.deadline = std::chrono::milliseconds(1);
  serving on(options);
  completion kept;
  on.node.fake.on_submit = [&](const command_request&, completion done) { kept = std::move(done); };
  const auto seen = on.ask("POST", "/v1/commands", "",
                           R"([{"id":"c1","type":"OpenAccount","metadata":{},"data":{}}])")
                        .value();
  BOOST_TEST(seen.at(0).at("status") == 503);
  BOOST_TEST(seen.at(0).at("code") == "outcome-unknown");
  kept({});  // Late: nobody is harmed.
}

BOOST_AUTO_TEST_CASE(unknown_paths_and_methods_are_told_apart) {
  serving on;
  is_problem(on.ask("GET", "/"), 404, "not-found");
  is_problem(on.ask("GET", "/v1/views/owners/"), 404, "not-found");
  is_problem(on.ask("GET", "/v1/views/owners/1/2"), 404, "not-found");
  const auto wrong = on.ask("BREW", "/v1/views/owners");
  is_problem(wrong, 405, "method-not-allowed");
  BOOST_TEST(wrong.header("allow") == "GET, HEAD");
  BOOST_TEST(on.ask("GET", "/v1/accounts/1/OpenAccount").header("allow") == "POST");
  const auto head = on.ask("HEAD", "/v1/views/owners/4711");
  BOOST_TEST(head.status == 200);
  BOOST_TEST(head.header("content-length") == "28");
}

BOOST_AUTO_TEST_CASE(what_a_handler_throws_is_not_told) {
  serving on;
  on.node.fake.broken = true;
  const auto seen = on.ask("GET", "/v1/views/owners/4711");
  is_problem(seen, 500, "internal");
  BOOST_TEST(seen.body.find("secret") == std::string::npos);
  BOOST_TEST(seen.headers.count("exception_what") == 0U);
}

BOOST_AUTO_TEST_CASE(a_browser_of_an_allowed_origin_gets_leave_to_call) {
  http_options options;
  options.cors_origins = {"https://app.example"};
  serving on(options);
  const auto leave =
      on.ask("OPTIONS", "/v1/accounts/1/OpenAccount",
             "Origin: https://app.example\r\nAccess-Control-Request-Method: POST\r\n");
  BOOST_TEST(leave.status == 200);
  BOOST_TEST(leave.header("access-control-allow-origin") == "https://app.example");
  BOOST_TEST(leave.header("vary") == "Origin");
  BOOST_TEST(leave.header("access-control-allow-methods").find("POST") != std::string::npos);
  for (const auto* name : {"Authorization", "Cache-Control", "Strict-Transport-Security",
                           "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match",
                           "Last-Event-ID", "Prefer", "traceparent", "X-Min-Position"}) {
    BOOST_TEST(leave.header("access-control-allow-headers").find(name) != std::string::npos);
  }
  const auto plain = on.ask("GET", "/v1/views/nothing", "Origin: https://app.example\r\n");
  BOOST_TEST(plain.header("access-control-allow-origin") == "https://app.example");
  for (const auto* name :
       {"ETag", "X-Position", "X-Trace-Id", "Location", "Preference-Applied", "Retry-After"}) {
    BOOST_TEST(plain.header("access-control-expose-headers").find(name) != std::string::npos);
  }
  const auto stranger =
      on.ask("OPTIONS", "/v1/accounts/1/OpenAccount",
             "Origin: https://evil.example\r\nAccess-Control-Request-Method: POST\r\n");
  is_problem(stranger, 403, "origin-not-allowed");
  BOOST_TEST(stranger.header("access-control-allow-origin").empty());
  BOOST_TEST(on.ask("GET", "/v1/views/owners", "Origin: https://evil.example\r\n")
                 .header("access-control-allow-origin")
                 .empty());

  serving closed;
  BOOST_TEST(closed.ask("GET", "/v1/views/owners", "Origin: https://app.example\r\n")
                 .header("access-control-allow-origin")
                 .empty());
}

BOOST_AUTO_TEST_CASE(requests_are_counted_by_route_and_status) {
  serving on;
  on.ask("POST", "/v1/accounts/1/OpenAccount", "", "{}");
  on.ask("POST", "/v1/accounts/2/OpenAccount", "", "{}");
  on.ask("GET", "/nothing");
  on.ask("BREW", "/nothing");
  on.bridge->stop();  // Counted when sent, which its reader may see first.
  const auto text = on.node.metrics().expose();
  BOOST_TEST(
      text.find(
          R"(troupe_http_requests_total{method="POST",route="/v1/{category}/{id}/{Command}",status="200"} 2)") !=
      std::string::npos);
  BOOST_TEST(text.find(R"(troupe_http_requests_total{method="GET",route="none",status="404"} 1)") !=
             std::string::npos);
  BOOST_TEST(
      text.find(R"(troupe_http_requests_total{method="other",route="none",status="404"} 1)") !=
      std::string::npos);
  BOOST_TEST(text.find("troupe_http_connections 0") != std::string::npos);
  const auto described = on.bridge->describe();
  BOOST_TEST(described.at("requests") == 4);
  BOOST_TEST(described.at("inFlight") == 0);
}

BOOST_AUTO_TEST_SUITE_END()
