#include "bridges/http/trace_context.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using troupe::http::trace_id_of;

BOOST_AUTO_TEST_SUITE(trace_context)

BOOST_AUTO_TEST_CASE(a_valid_header_gives_its_trace_id) {
  const std::string id = "4bf92f3577b34da6a3ce929d0e0e4736";
  BOOST_TEST((trace_id_of("00-" + id + "-00f067aa0ba902b7-01") == id));
  BOOST_TEST((trace_id_of("cc-" + id + "-00f067aa0ba902b7-01-more") == id));
}

BOOST_AUTO_TEST_CASE(anything_else_gives_nothing) {
  for (const auto* text : {"", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
                           "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                           "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                           "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                           "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                           "00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01",
                           "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x",
                           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x"}) {
    BOOST_TEST(!trace_id_of(text).has_value());
  }
}

BOOST_AUTO_TEST_SUITE_END()
