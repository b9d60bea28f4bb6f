#include "runtime/node/progress_line.hpp"

#include <boost/test/unit_test.hpp>

#include <sstream>

#include "runtime/testkit/manual_clock.hpp"

namespace troupe {
namespace {

BOOST_AUTO_TEST_SUITE(progress_lines)

BOOST_AUTO_TEST_CASE(on_a_terminal_one_line_is_drawn_anew_and_goes_at_the_end) {
  testkit::manual_clock time;
  std::ostringstream out;
  {
    progress_line line(out, true, time);
    line.show("copying", 0, "commits", 0);
    BOOST_TEST(out.str() == "\r\x1b[Kcopying [....................] 0 %, 0 commits");
    line.show("copying", 5, "commits", 0.1);
    BOOST_TEST(out.str().find("5 commits") == std::string::npos);
    time.advance(std::chrono::seconds(10));
    out.str("");
    line.show("copying", 500, "commits", 0.25);
    BOOST_TEST(out.str() ==
               "\r\x1b[Kcopying [#####...............] 25 %, 500 commits, 50/s, 30 s left");
    out.str("");
  }
  BOOST_TEST(out.str() == "\r\x1b[K");
}

BOOST_AUTO_TEST_CASE(elsewhere_there_is_a_line_every_ten_seconds) {
  testkit::manual_clock time;
  std::ostringstream out;
  {
    progress_line line(out, false, time);
    line.show("copying", 0, "commits", 0);
    time.advance(std::chrono::seconds(5));
    line.show("copying", 10, "commits", 0.5);
    time.advance(std::chrono::seconds(5));
    line.show("copying", 15, "commits", 0.75);
    line.show("copying", 20, "commits", 1);
  }
  BOOST_TEST(out.str() == "copying [###############.....] 75 %, 15 commits, 2/s, 3 s left\n");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
