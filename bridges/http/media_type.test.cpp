#include "bridges/http/media_type.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe::http {
namespace {

BOOST_AUTO_TEST_SUITE(media_types)

BOOST_AUTO_TEST_CASE(a_stream_is_sent_only_to_who_asks_for_one_by_name) {
  for (const auto* accept :
       {"text/event-stream", "Text/Event-Stream", "text/event-stream;q=0.5", " text/event-stream ",
        "application/json;q=0.4, text/event-stream;q=0.5", "application/json, text/event-stream",
        "text/html, */*;q=0.1, text/event-stream; charset=utf-8"}) {
    BOOST_TEST(wants_event_stream(accept), accept);
  }
  for (const auto* accept :
       {"", "*/*", "text/*", "application/json", "text/event-stream;q=0", "text/event-stream;q=x",
        "text/event-streams", "application/json, text/event-stream;q=0.9", ";q=1,,"}) {
    BOOST_TEST(!wants_event_stream(accept), accept);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe::http
