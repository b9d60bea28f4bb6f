#include "runtime/node/cli/text.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe {
namespace {

BOOST_AUTO_TEST_SUITE(text_on_a_terminal)

BOOST_AUTO_TEST_CASE(width_counts_columns_and_not_bytes) {
  BOOST_TEST(text_width("") == 0U);
  BOOST_TEST(text_width("identity") == 8U);
  BOOST_TEST(text_width("Zoë") == 3U);
  BOOST_TEST(text_width("e\xcc\x81") == 1U);  // e, combining acute
  BOOST_TEST(text_width("船長") == 4U);
  BOOST_TEST(text_width("🚀") == 2U);
  BOOST_TEST(text_width("\xff\xfe") == 2U);
}

BOOST_AUTO_TEST_CASE(text_from_outside_cannot_move_the_cursor_or_turn_the_line) {
  BOOST_TEST(shown_text("a\x1b[2Jb") == "a\uFFFD[2Jb");
  BOOST_TEST(shown_text("a\nb\tc\r") == "a b c\uFFFD");
  BOOST_TEST(shown_text("a\u202Eb") == "a\uFFFDb");
  BOOST_TEST(shown_text("a\u009Bb") == "a\uFFFDb");  // the one-character form of ESC [
  BOOST_TEST(shown_text("a\x7f\xff") == "a\uFFFD\uFFFD");
  BOOST_TEST(shown_text("Zoë 船長 🚀") == "Zoë 船長 🚀");
}

BOOST_AUTO_TEST_CASE(long_text_keeps_its_beginning_and_its_end) {
  BOOST_TEST(elide_middle("short", 5) == "short");
  BOOST_TEST(elide_middle("0123456789", 5) == "01…89");
  BOOST_TEST(elide_middle("0123456789", 1) == "…");
  BOOST_TEST(elide_middle("0123456789", 0) == "");
  BOOST_TEST(elide_middle("船長船長船長", 6) == "船…長");
}

BOOST_AUTO_TEST_CASE(cut_text_never_takes_more_columns_than_there_are) {
  const std::string text = "auth0|Zoë e\xcc\x81 船長 🚀🚀 Washburne";
  for (std::size_t width = 0; width <= text_width(text) + 1; ++width) {
    const auto cut = elide_middle(text, width);
    BOOST_TEST(text_width(cut) <= width, cut);
    BOOST_TEST((cut == text) == (width >= text_width(text)), cut);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
