#include "runtime/node/cli/table.hpp"

#include <boost/test/unit_test.hpp>

#include <sstream>

#include "runtime/node/cli/text.hpp"

namespace troupe {
namespace {

text_table users() {
  text_table made({{"id"}, {"name"}, {"events", true}});
  made.add({"5cdd7c21-7b6d-5c2c-9d50-1a2b3c4d5e6f", "Zoë Washburne", "12"});
  made.add({"5cdd7c21-7b6d-5c2c-9d50-ffffffffffff", "船長", "3"});
  return made;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

BOOST_AUTO_TEST_SUITE(tables)

BOOST_AUTO_TEST_CASE(columns_stand_under_each_other_whatever_the_script) {
  const auto lines = lines_of(users().text(0));
  BOOST_REQUIRE(lines.size() == 3U);
  BOOST_TEST(lines[0] == "id                                    name           events");
  BOOST_TEST(lines[1] == "5cdd7c21-7b6d-5c2c-9d50-1a2b3c4d5e6f  Zoë Washburne      12");
  BOOST_TEST(lines[2] == "5cdd7c21-7b6d-5c2c-9d50-ffffffffffff  船長                3");
}

BOOST_AUTO_TEST_CASE(a_table_fits_the_terminal_and_leaves_ids_apart) {
  const auto lines = lines_of(users().text(40));
  for (const auto& line : lines) BOOST_TEST(text_width(line) <= 40U, line);
  BOOST_TEST(lines[1] == "5cdd7c21…3c4d5e6f  Zoë Washburne      12");
  BOOST_TEST(lines[2] == "5cdd7c21…ffffffff  船長                3");
}

BOOST_AUTO_TEST_CASE(numbers_are_never_cut) {
  for (const std::size_t width : {1U, 10U, 20U, 30U}) {
    BOOST_TEST(users().text(width).find("12\n") != std::string::npos, width);
  }
}

BOOST_AUTO_TEST_CASE(a_cell_stays_in_its_line) {
  text_table made({{"reason"}});
  made.add({"first\nsecond\x1b[31m"});
  BOOST_TEST(made.text(0) == "reason\nfirst second\uFFFD[31m\n");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
