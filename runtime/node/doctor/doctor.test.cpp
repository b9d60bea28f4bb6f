#include "runtime/node/doctor/doctor.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>

#include "runtime/core/json.hpp"
#include "runtime/node/doctor/configuration.hpp"
#include "runtime/node/doctor/machine.hpp"
#include "runtime/testkit/manual_clock.hpp"

namespace troupe {
namespace {

/// A port of this machine that is listened on.
class taken_port {
 public:
  taken_port() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    BOOST_REQUIRE(::bind(socket_, generic, size) == 0);
    BOOST_REQUIRE(::listen(socket_, 1) == 0);
    BOOST_REQUIRE(::getsockname(socket_, generic, &size) == 0);
    port_ = ntohs(address.sin_port);
  }
  ~taken_port() { ::close(socket_); }
  taken_port(const taken_port&) = delete;
  taken_port& operator=(const taken_port&) = delete;
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  int socket_;
  int port_ = 0;
};

/// A doctor with a machine of its own: a directory, an environment, a node that answers as told.
struct surgery {
  surgery() { std::filesystem::create_directories(directory); }
  ~surgery() { std::filesystem::remove_all(directory); }
  surgery(const surgery&) = delete;
  surgery& operator=(const surgery&) = delete;

  json visit(std::vector<std::string> arguments) {
    arguments.emplace_back("--json");
    const environment env = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional(found->second);
    };
    const http_client client = [this](const client_request& asked) -> result<client_reply> {
      const auto found = answers.find(asked.target);
      if (found == answers.end()) return error{errc::unavailable, "nobody listens there"};
      return client_reply{200, found->second.dump()};
    };
    std::ostringstream out;
    status = run_doctor(arguments, {features, openers, examinations, client, env, time, "1", out});
    return json::parse(out.str());
  }

  /// The findings about something, as "level: finding".
  static std::vector<std::string> about(const json& document, const std::string& what) {
    std::vector<std::string> found;
    for (const auto& one : document.at("findings")) {
      if (one.at("about") == what)
        found.push_back(one.at("level").get<std::string>() + ": " +
                        one.at("finding").get<std::string>());
    }
    return found;
  }

  const std::filesystem::path directory =
      std::filesystem::temp_directory_path() / ("troupe-surgery-" + std::to_string(::getpid()));
  const std::vector<std::string> healthy{"--data",      directory.string(), "--http",
                                         "127.0.0.1:0", "--admin",          "127.0.0.1:0"};
  std::vector<feature> features;
  std::map<std::string, migration_opener> openers;
  std::vector<examination> examinations;
  std::map<std::string, std::string> variables;
  std::map<std::string, json> answers;
  testkit::manual_clock time;
  int status = -1;
};

std::vector<std::string> with(std::vector<std::string> arguments,
                              const std::vector<std::string>& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

BOOST_FIXTURE_TEST_SUITE(doctor, surgery)

BOOST_AUTO_TEST_CASE(where_nothing_is_wrong_nothing_fails) {
  const auto document = visit(healthy);
  BOOST_TEST(status == 0);
  BOOST_TEST(document.at("healthy") == true);
  BOOST_TEST(about(document, "configuration").at(0) == "ok: every setting can be used");
}

BOOST_AUTO_TEST_CASE(everything_that_is_wrong_with_the_configuration_is_said_at_once) {
  variables["TROUPE_CLUSTER"] = "No Cluster";
  const auto document =
      visit(with(healthy, {"--max-body", "7", "--migrate=perhaps", "--log-level", "loud"}));
  BOOST_TEST(status == 1);
  const auto found = about(document, "configuration");
  BOOST_REQUIRE(found.size() == 4U);
  for (const auto* flag : {"--max-body", "--migrate", "--log-level", "--cluster"}) {
    BOOST_TEST(std::ranges::count_if(found,
                                     [&](const std::string& one) {
                                       return one.starts_with(std::string("fail: ") + flag + ':');
                                     }) == 1,
               flag);
  }
  BOOST_TEST(!about(document, "data directory").empty());
}

BOOST_AUTO_TEST_CASE(arguments_that_are_none_do_not_keep_it_from_the_rest) {
  for (const auto& words :
       {std::vector<std::string>{"--nothing"}, {"word"}, {"--config", "/none"}}) {
    const auto document = visit(words);
    BOOST_TEST(status == 1);
    BOOST_TEST(about(document, "configuration").size() >= 1U);
    BOOST_TEST(!about(document, "clock").empty());
  }
}

BOOST_AUTO_TEST_CASE(a_port_that_another_program_has_is_told_from_the_node_s_own) {
  const taken_port taken;
  auto options = healthy;
  options[3] = taken.address();
  BOOST_TEST(about(visit(options), "port of --http").at(0).starts_with("fail: "));
  BOOST_TEST(status == 1);
  settings ours;
  ours.http_address = *parse_address(taken.address());
  ours.admin_address = *parse_address("127.0.0.1:0");
  const json running = {{"nodes", {{{"addresses", {{"http", taken.address()}}}}}}};
  const std::optional<json> ours_running(std::in_place, running);
  BOOST_TEST((examine_ports(ours, ours_running).front().what == diagnosis::level::ok));
}

BOOST_AUTO_TEST_CASE(a_directory_that_cannot_be_had_is_said) {
  std::ofstream(directory / "file") << "x";
  auto arguments = healthy;
  arguments[1] = (directory / "file" / "data").string();
  BOOST_TEST(about(visit(arguments), "data directory").at(0).starts_with("fail: "));
  arguments[1] = (directory / "not" / "yet").string();
  BOOST_TEST(about(visit(arguments), "data directory").at(0).ends_with("can be made"));
  BOOST_TEST(!std::filesystem::exists(directory / "not"));
}

BOOST_AUTO_TEST_CASE(a_clock_behind_what_was_written_is_wrong) {
  std::ofstream(directory / "log.db") << "x";
  settings options;
  options.data = directory;
  const auto then = system_clock().now();
  BOOST_TEST((examine_clock(options, then).what != diagnosis::level::fail));
  BOOST_TEST((examine_clock(options, then - std::chrono::hours(1)).what == diagnosis::level::fail));
  BOOST_TEST((examine_clock(options, timestamp()).what == diagnosis::level::fail));
}

BOOST_AUTO_TEST_CASE(what_a_running_node_waits_for_is_said_with_the_mend) {
  answers["/readyz?verbose"] = {{"status", "unavailable"},
                                {"checks",
                                 {{{"name", "log"}, {"ok", false}, {"detail", "the disk is full"}},
                                  {{"name", "started"}, {"ok", true}, {"detail", ""}}}}};
  answers["/admin/cluster"] = {{"nodes", json::array()}};
  answers["/admin/projections"] = {
      {"items",
       {{{"name", "users"}, {"status", "paused"}, {"lagEvents", 7}, {"lagSeconds", 1.0}},
        {{"name", "slow"}, {"status", "running"}, {"lagEvents", 7}, {"lagSeconds", 100.0}},
        {{"name", "ill"}, {"status", "failing"}, {"lastError", "no table"}, {"lagEvents", 1}}}}};
  answers["/admin/dead-letters?limit=1000"] = {
      {"items", {{{"id", "users.17"}, {"reason", "more than 32 bits"}}}}, {"next", nullptr}};
  auto arguments = healthy;
  arguments[5] = "127.0.0.1:9090";
  const auto document = visit(arguments);
  BOOST_TEST(status == 1);
  BOOST_TEST(about(document, "readiness").at(0) == "fail: log: the disk is full");
  BOOST_TEST(about(document, "projection users").at(0) == "warn: is paused, 7 events behind");
  BOOST_TEST(about(document, "projection slow").at(0) == "warn: is 7 events behind");
  BOOST_TEST(about(document, "projection ill").at(0) == "fail: fails: no table");
  BOOST_TEST(about(document, "dead letters").at(0) ==
             "warn: 1 wait, first users.17: more than 32 bits");
}

BOOST_AUTO_TEST_CASE(no_running_node_is_no_illness) {
  auto arguments = healthy;
  arguments[5] = "127.0.0.1:9090";
  BOOST_TEST(about(visit(arguments), "node").at(0).starts_with("warn: no node answers at "));
}

BOOST_AUTO_TEST_CASE(what_an_adapter_finds_counts) {
  examinations.emplace_back(
      [](const settings&) { return std::vector<diagnosis>{ill("broker", "is away", "start it")}; });
  const auto document = visit(healthy);
  BOOST_TEST(status == 1);
  BOOST_TEST(about(document, "broker").at(0) == "fail: is away");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
