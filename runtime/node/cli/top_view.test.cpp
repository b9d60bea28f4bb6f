#include "runtime/node/cli/top_view.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <sstream>

#include "runtime/node/cli/text.hpp"

namespace troupe {
namespace {

const std::string metrics = R"(# HELP troupe_commands_total Commands.
# TYPE troupe_commands_total counter
troupe_commands_total{category="identity",status="accepted"} 90
troupe_commands_total{category="identity",status="a b"} 10
troupe_commands_total_created 5
troupe_commands_in_flight 3
)";

node_sample sample(int seconds, double processed, const std::string& exposition = metrics) {
  node_sample made;
  made.time = monotonic_time(std::chrono::seconds(seconds));
  made.info = {{"version", "1"}, {"node", "zoe"}, {"uptimeSeconds", 7}};
  made.ready = {{"status", "ok"}, {"checks", json::array()}};
  made.projections = json::array({{{"name", "users"}, {"status", "running"}, {"lagEvents", 12}}});
  made.actors = json::array(
      {{{"path", "/features/identity/command-handlers/idle"}, {"mailbox", 0}, {"processed", 9}},
       {{"path", "/features/identity/command-handlers/full"}, {"mailbox", 50}, {"processed", 1}},
       {{"path", "/log/writer"}, {"mailbox", 0}, {"processed", processed}}});
  made.metrics = exposition;
  return made;
}

std::vector<std::string> screen_lines(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

BOOST_AUTO_TEST_SUITE(top)

BOOST_AUTO_TEST_CASE(a_metric_is_summed_over_its_labels_and_not_mistaken_for_another) {
  BOOST_TEST(*metric_sum(metrics, "troupe_commands_total") == 100);
  BOOST_TEST(*metric_sum(metrics, "troupe_commands_in_flight") == 3);
  BOOST_TEST(!metric_sum(metrics, "troupe_commands"));
  BOOST_TEST(!metric_sum("", "troupe_commands"));
}

BOOST_AUTO_TEST_CASE(rates_are_what_grew_between_two_looks) {
  const auto before = sample(10, 0);
  auto grown = metrics;
  grown.replace(grown.find("} 90"), 4, "} 290");
  const auto now = sample(12, 500, grown);
  const auto screen = top_screen(now, &before, "http://127.0.0.1:9090", {});
  BOOST_TEST(screen.find("commands  100/s, 3 in flight") != std::string::npos, screen);
  BOOST_TEST(top_screen(now, nullptr, "", {}).find("commands  300 in all") != std::string::npos);
  // The node has started anew: nothing to compare with.
  BOOST_TEST(top_screen(before, &now, "", {}).find("commands  100 in all") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_fullest_mailbox_is_first_and_then_the_busiest) {
  const auto before = sample(10, 0);
  const auto lines = screen_lines(top_screen(sample(11, 500), &before, "", {}));
  const auto titles = std::ranges::find_if(
      lines, [](const std::string& line) { return line.starts_with("actor "); });
  BOOST_REQUIRE(titles != lines.end());
  BOOST_TEST(titles[1].find("/full") != std::string::npos);
  BOOST_TEST(titles[2].find("/log/writer") != std::string::npos);
  BOOST_TEST(titles[3].find("/idle") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_node_that_is_not_ready_says_why) {
  auto ill = sample(1, 0);
  ill.ready = {{"status", "unavailable"},
               {"checks",
                {{{"name", "started"}, {"ok", true}, {"detail", ""}},
                 {{"name", "log"}, {"ok", false}, {"detail", "the disk is full"}}}}};
  BOOST_TEST(screen_lines(top_screen(ill, nullptr, "", {})).at(1) ==
             "NOT READY: log: the disk is full");
}

BOOST_AUTO_TEST_CASE(the_screen_is_never_larger_than_the_terminal) {
  auto wide = sample(1, 0);
  for (int i = 0; i < 50; ++i)
    wide.actors.push_back({{"path", "/features/identity/command-handlers/" +
                                        std::string(60, static_cast<char>('a' + i % 26))},
                           {"mailbox", i}});
  for (const std::size_t columns : {60U, 80U, 200U}) {
    for (const std::size_t rows : {1U, 5U, 10U, 24U, 100U}) {
      const auto lines =
          screen_lines(top_screen(wide, nullptr, "http://127.0.0.1:9090", {columns, rows}));
      BOOST_TEST(lines.size() < std::max<std::size_t>(rows, 1));
      for (const auto& line : lines) BOOST_TEST(text_width(line) <= columns, line);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
