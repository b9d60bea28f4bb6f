#include "runtime/core/traceparent.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace troupe {

BOOST_AUTO_TEST_SUITE(traceparent)

BOOST_AUTO_TEST_CASE(a_valid_traceparent_names_its_place) {
  const trace_place place{"4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", true};
  const auto text = "00-" + place.trace_id + '-' + place.span_id;
  BOOST_TEST((parse_traceparent(text + "-01") == place));
  BOOST_TEST((parse_traceparent("cc" + text.substr(2) + "-01-more") == place));
  BOOST_TEST(to_traceparent(place) == text + "-01");
}

BOOST_AUTO_TEST_CASE(only_the_lowest_flag_says_that_it_is_sampled) {
  const std::string text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-";
  for (const auto* flags : {"01", "03", "ff", "0b"})
    BOOST_TEST(parse_traceparent(text + flags)->sampled, flags);
  for (const auto* flags : {"00", "02", "fe", "0a", "10"})
    BOOST_TEST(!parse_traceparent(text + flags)->sampled, flags);
  BOOST_TEST(to_traceparent(*parse_traceparent(text + "02")) == text + "00");
}

BOOST_AUTO_TEST_CASE(anything_else_names_nothing) {
  for (const auto* text : {"", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
                           "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                           "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                           "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                           "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                           "00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01",
                           "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x",
                           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x"}) {
    BOOST_TEST(!parse_traceparent(text).has_value(), text);
  }
}

BOOST_AUTO_TEST_CASE(every_trace_id_has_a_trace) {
  const std::string id = "0193f1c5a7d274b2a3ce929d0e0e4736";
  BOOST_TEST(w3c_trace_id(id) == id);
  BOOST_TEST(w3c_trace_id("0193f1c5-a7d2-74b2-a3ce-929d0e0e4736") == id);
  for (const auto* other : {"trace-1", "", "00000000000000000000000000000000"}) {
    const auto derived = w3c_trace_id(other);
    BOOST_TEST((parse_traceparent("00-" + derived + "-00f067aa0ba902b7-01")).has_value());
    BOOST_TEST(w3c_trace_id(other) == derived);
  }
  BOOST_TEST(w3c_trace_id("trace-1") != w3c_trace_id("trace-2"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe
