#include "runtime/node/cli/operator_run.hpp"

#include <boost/test/unit_test.hpp>

#include <deque>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "runtime/core/json.hpp"
#include "runtime/testkit/manual_clock.hpp"
#include "runtime/testkit/sequence_ids.hpp"

namespace troupe {
namespace {

/// A node that gives prepared answers, in order, and remembers what it was asked.
struct scripted {
  std::deque<result<client_reply>> answers;
  std::vector<client_request> asked;
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  testkit::manual_clock time;
  testkit::sequence_ids ids;
  std::vector<std::chrono::milliseconds> pauses;

  int run(operator_command command, bool err_terminal = false) {
    command.http = "127.0.0.1:8080";
    command.admin = "127.0.0.1:9090";
    const http_client client = [this](const client_request& request) {
      asked.push_back(request);
      BOOST_REQUIRE(!answers.empty());
      auto next = answers.front();
      answers.pop_front();
      return next;
    };
    return run_operator(std::move(command),
                        {client, in, out, err, 0, err_terminal, time, ids,
                         [this](std::chrono::milliseconds wait) { pauses.push_back(wait); }});
  }

  void answer(int status, const json& body) {
    answers.push_back(client_reply{status, body.dump()});
  }
};

operator_command named(const std::string& name, const std::string& target = "") {
  operator_command command;
  command.name = name;
  command.target = target;
  return command;
}

operator_command lock() {
  auto command = named("command", "identity/zoe");
  command.type = "LockAccount";
  command.data = R"({"reason":"lost phone"})";
  return command;
}

BOOST_FIXTURE_TEST_SUITE(commands_for_a_running_node, scripted)

BOOST_AUTO_TEST_CASE(a_stored_command_is_told_with_its_place) {
  answer(200, {{"id", "zoe"},
               {"stream", "identity.zoe"},
               {"version", 2},
               {"position", "identity:17"},
               {"commandId", "id-1"},
               {"events", {{{"id", "e1"}, {"type", "AccountLocked"}, {"version", 2}}}}});
  BOOST_TEST(run(lock()) == 0);
  BOOST_TEST(out.str() ==
             "identity.zoe is at version 2, stored at identity:17\n"
             "event          version  id\n"
             "AccountLocked        2  e1\n");
  BOOST_TEST(err.str() == "");
  BOOST_TEST(asked.front().body == R"({"reason":"lost phone"})");
}

BOOST_AUTO_TEST_CASE(a_command_without_an_effect_says_so) {
  answer(200, {{"stream", "identity.zoe"}, {"version", 2}, {"events", json::array()}});
  BOOST_TEST(run(lock()) == 0);
  BOOST_TEST(out.str() == "identity.zoe: nothing changed, it stays at version 2\n");
}

BOOST_AUTO_TEST_CASE(data_may_come_from_standard_input) {
  answer(200, {{"stream", "identity.zoe"}, {"version", 2}, {"events", json::array()}});
  in.str(R"({"reason":"from a pipe"})");
  auto command = lock();
  command.data = "-";
  BOOST_TEST(run(command) == 0);
  BOOST_TEST(asked.front().body == R"({"reason":"from a pipe"})");
}

BOOST_AUTO_TEST_CASE(a_refusal_is_one_line_with_code_and_fields) {
  answer(400, {{"title", "Bad Request"},
               {"status", 400},
               {"code", "invalid-data"},
               {"detail", "the data of LockAccount are not valid"},
               {"fields", {{{"path", "/reason"}, {"message", "is too long"}}}}});
  BOOST_TEST(run(lock()) == 1);
  BOOST_TEST(out.str() == "");
  BOOST_TEST(err.str() ==
             "troupe: refused with 400 invalid-data: the data of LockAccount are not valid\n"
             "  /reason: is too long\n");
}

BOOST_AUTO_TEST_CASE(
    an_answer_that_did_not_come_leaves_the_command_in_doubt_and_says_how_to_find_out) {
  answers.push_back(error{errc::in_doubt, "the connection ended"});
  BOOST_TEST(run(lock()) == 1);
  const auto id = asked.front().headers.at(1).second;
  BOOST_TEST(err.str().find("whether the command is stored is not known") != std::string::npos);
  BOOST_TEST(err.str().find("--command-id " + id + " ") != std::string::npos, err.str());
}

BOOST_AUTO_TEST_CASE(nobody_there_says_how_to_reach_somebody) {
  answers.push_back(error{errc::unavailable, "nobody listens there"});
  BOOST_TEST(run(named("inspect cluster")) == 1);
  BOOST_TEST(err.str() ==
             "troupe: no node answers at http://127.0.0.1:9090 (nobody listens there): is 'troupe "
             "run' running? Choose another with --admin URL\n");
}

BOOST_AUTO_TEST_CASE(something_else_on_the_port_is_not_taken_for_a_node) {
  answers.push_back(client_reply{200, "<html>"});
  BOOST_TEST(run(named("inspect cluster")) == 1);
  BOOST_TEST(err.str().find("is no node") != std::string::npos, err.str());
}

BOOST_AUTO_TEST_CASE(bad_usage_asks_nobody) {
  auto command = lock();
  command.data = "{";
  BOOST_TEST(run(command) == 2);
  BOOST_TEST(asked.size() == 0U);
  BOOST_TEST(err.str().find("see 'troupe command --help'") != std::string::npos, err.str());
}

BOOST_AUTO_TEST_CASE(a_list_is_read_page_by_page_up_to_its_limit) {
  const auto page = [](int from, const json& next) {
    auto items = json::array();
    for (int i = from; i < from + 2; ++i)
      items.push_back({{"path", "/a/" + std::to_string(i)}, {"kind", "timer"}});
    return json{{"items", items}, {"total", 9}, {"next", next}};
  };
  answer(200, page(1, "/a/2"));
  answer(200, page(3, "/a/4"));
  auto command = named("inspect actors");
  command.limit = 3;
  command.json = true;
  BOOST_TEST(run(command) == 0);
  BOOST_TEST(asked.at(1).target == "/admin/actors?limit=3&after=%2Fa%2F2");
  const auto document = json::parse(out.str());
  BOOST_TEST(document.at("items").size() == 3U);
  BOOST_TEST(document.at("next") == "/a/4");
}

BOOST_AUTO_TEST_CASE(a_page_without_items_ends_a_list) {
  answer(200, {{"items", json::array()}, {"next", 7}});
  answer(200, {{"items", json::array()}, {"next", 7}});
  BOOST_TEST(run(named("inspect dead-letters")) == 0);
  BOOST_TEST(asked.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_refusal_is_a_document_too) {
  const json problem = {{"status", 404}, {"code", "not-found"}, {"detail", "no entity"}};
  answer(404, problem);
  auto command = named("inspect entity", "identity/nobody");
  command.json = true;
  BOOST_TEST(run(command) == 1);
  BOOST_TEST(json::parse(out.str()) == problem);
}

BOOST_AUTO_TEST_CASE(a_token_comes_from_its_file_and_goes_to_its_port_only) {
  const auto file = std::filesystem::temp_directory_path() /
                    ("troupe-token-" + std::to_string(reinterpret_cast<std::uintptr_t>(this)));
  std::ofstream(file) << "secret\n";
  auto command = named("inspect cluster");
  command.admin_token = file;
  answer(200, {{"cluster", "troupe"}, {"nodes", json::array()}});
  BOOST_TEST(run(command) == 0);
  using header = std::pair<std::string, std::string>;
  const header bearer{"Authorization", "Bearer secret"};
  BOOST_TEST((asked.back().headers.back() == bearer));
  auto other = lock();
  other.admin_token = file;
  answer(200, {{"stream", "identity.zoe"}, {"version", 2}, {"events", json::array()}});
  BOOST_TEST(run(other) == 0);
  BOOST_TEST((asked.back().headers.back() != bearer));
  std::ofstream(file) << "two words";
  BOOST_TEST(run(command) == 2);
  BOOST_TEST(err.str().find("two words") == std::string::npos);
  std::filesystem::remove(file);
}

json projection(std::uint64_t position, const std::string& status) {
  return {
      {"items", {{{"name", "users"}, {"position", position}, {"head", 40}, {"status", status}}}}};
}

BOOST_AUTO_TEST_CASE(a_rebuild_is_waited_for_when_asked) {
  answer(200, {{"status", "ok"}});
  answer(200, projection(0, "rebuilding"));
  answer(200, projection(20, "rebuilding"));
  answer(200, projection(40, "running"));
  auto command = named("projection rebuild", "users");
  command.wait = true;
  BOOST_TEST(run(command) == 0);
  BOOST_TEST(out.str() == "users is rebuilt up to position 40\n");
  BOOST_TEST(pauses.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_rebuild_shows_its_progress_on_a_terminal) {
  answer(200, {{"status", "ok"}});
  answer(200, projection(20, "rebuilding"));
  answer(200, projection(40, "running"));
  BOOST_TEST(run(named("projection rebuild", "users"), true) == 0);
  BOOST_TEST(err.str().find("rebuilding users [##########..........] 50 %") != std::string::npos,
             err.str());
}

BOOST_AUTO_TEST_CASE(a_rebuild_that_is_paused_is_not_waited_for) {
  answer(200, {{"status", "ok"}});
  answer(200, projection(0, "paused"));
  auto command = named("projection rebuild", "users");
  command.wait = true;
  BOOST_TEST(run(command) == 1);
  BOOST_TEST(err.str().find("troupe projection resume users") != std::string::npos, err.str());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
