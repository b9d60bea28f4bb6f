// As in scenario.test.cpp: what a wrong projector or a wrong expectation looks like.
#include "runtime/testkit/projection_scenario.hpp"

#include <boost/test/unit_test.hpp>

#include <optional>
#include <stdexcept>
#include <string>

#include "runtime/testkit/failing.test.hpp"

namespace meter {

// NOLINTBEGIN(readability-identifier-naming): messages keep their schema's names.
struct Counted {
  int by = 0;
};
struct Cleared {
  bool wholly = true;
};
// NOLINTEND(readability-identifier-naming)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Counted, by)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Cleared, wholly)
constexpr std::string_view message_type(const Counted*) { return "Counted"; }
constexpr std::string_view message_type(const Cleared*) { return "Cleared"; }

struct totals {
  static constexpr std::string_view view = "totals";
  static constexpr std::string_view key = "id";
  static constexpr std::string_view category = "meters";
  using event = std::variant<Counted, Cleared>;
  struct row {
    std::string id;
    int total = 0;
    int events = 0;  ///< Lost when the row is stored, if the meter is called "forgetful".
    std::string last;
  };
  template <class E>
  static std::string key_of(const troupe::recorded<E>& event) {
    return event.stream.id;
  }
  static row project(row now, const troupe::recorded<Counted>& event) {
    if (event.data.by < 0) throw std::domain_error("counts do not fall");
    ++now.events;
    return {event.stream.id, now.total + event.data.by, now.events,
            event.metadata.at("userId").get<std::string>() + '@' + troupe::format_time(event.time) +
                '#' + std::to_string(event.version) + ':' + std::to_string(event.position)};
  }
  static std::optional<row> project(row now, const troupe::recorded<Cleared>& event) {
    if (event.data.wholly) return std::nullopt;
    return now;
  }
};

inline void to_json(nlohmann::json& out, const totals::row& row) {
  out = {{"id", row.id}, {"total", row.total}, {"events", row.events}, {"last", row.last}};
}
inline void from_json(const nlohmann::json& in, totals::row& row) {
  row = {in.at("id").get<std::string>(), in.at("total").get<int>(), in.at("events").get<int>(),
         in.at("last").get<std::string>()};
  if (row.id == "forgetful") row.events = 0;
}

}  // namespace meter

namespace troupe::testkit {
namespace {

using meter::Cleared;
using meter::Counted;
using meter::totals;

BOOST_AUTO_TEST_SUITE(projection_scenarios)

BOOST_AUTO_TEST_CASE(events_are_placed_as_told) {
  const json expected{
      {"id", "7"}, {"total", 3}, {"events", 2}, {"last", "zoe@2026-03-01T00:00:00.000Z#2:3"}};
  const auto made =
      project<totals>({event(Counted{1}).of("7"), event(Counted{5}),
                       event(Counted{2}).of("7").by("zoe").at("2026-03-01T00:00:00Z")});
  made.then_row("7", expected);
  BOOST_TEST(made.row("7") == expected);
  BOOST_TEST(made.row("1").at("last") == "@2026-01-01T00:00:00.000Z#1:2");
  BOOST_TEST(made.rows().size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_row_that_is_not_there_is_null) {
  const auto made = project<totals>({event(Counted{1}), event(Cleared{})});
  BOOST_TEST(made.row("1").is_null());
  made.then_no_row("1").then_no_row("2");
}

BOOST_AUTO_TEST_CASE(unknown_types_are_skipped) {
  BOOST_TEST(project<totals>({placed_event("Sold", json::object()), event(Counted{1})})
                 .row("1")
                 .at("total") == 1);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_applied_is_parked_and_its_key_waits) {
  const auto made = project<totals>({event(Counted{1}).of("7"), event(Counted{-1}).of("7"),
                                     event(Counted{2}).of("7"), event(Counted{3}).of("8"),
                                     placed_event("Counted", {{"by", "x"}}).of("9")});
  BOOST_TEST(made.row("7").at("total") == 1);
  BOOST_TEST(made.row("8").at("total") == 3);
  BOOST_TEST_REQUIRE(made.parked().size() == 3U);
  BOOST_TEST(made.parked()[0].reason == "counts do not fall");
  BOOST_TEST(made.parked()[1].reason == "waits behind an earlier event");
  BOOST_TEST(made.parked()[2].key == "9");
  project<totals>({event(Counted{-1})}).then_parked("Counted", "do not fall");
}

BOOST_AUTO_TEST_CASE(a_wrong_expectation_is_a_failure_that_shows_both_rows) {
  const auto made = project<totals>({event(Counted{1})});
  const auto text = failing([&] { made.then_row("1", {{"total", 2}}); });
  BOOST_TEST(text ==
             "row '1' is another one\nexpected\n  {\"total\":2}\n"
             "actual\n  "
             "{\"events\":1,\"id\":\"1\",\"last\":\"@2026-01-01T00:00:00.000Z#1:1\",\"total\":1}");
  BOOST_TEST(!failing([&] { made.then_row("2", {{"total", 1}}); }).empty());
  BOOST_TEST(!failing([&] { made.then_no_row("1"); }).empty());
  BOOST_TEST(!failing([&] { made.then_parked("Counted"); }).empty());
  const auto stuck = project<totals>({event(Counted{-1})});
  BOOST_TEST(!failing([&] { stuck.then_parked("Cleared"); }).empty());
  BOOST_TEST(!failing([&] { stuck.then_parked("Counted", "another reason"); }).empty());
}

BOOST_AUTO_TEST_CASE(a_row_that_forgets_something_when_it_is_stored_is_a_failure) {
  const auto text = failing([] {
    static_cast<void>(
        project<totals>({event(Counted{1}).of("forgetful"), event(Counted{1}).of("forgetful")}));
  });
  BOOST_TEST(text.starts_with("row 'forgetful' differs when it is stored and read before Counted"),
             text);
}

BOOST_AUTO_TEST_CASE(a_time_that_is_none_is_a_failure) {
  BOOST_TEST(!failing([] { static_cast<void>(event(Counted{1}).at("yesterday")); }).empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe::testkit
