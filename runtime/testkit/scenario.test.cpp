// The testkit must fail where it should, and say why: each case here is a test that someone got
// wrong.
#include "runtime/testkit/scenario.hpp"

#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string>

#include "runtime/testkit/failing.test.hpp"

namespace lamp {

// NOLINTBEGIN(readability-identifier-naming): messages keep their schema's names.
struct Press {
  std::string by;
};
struct Lit {
  std::string by;
};
struct Dimmed {
  int level = 0;
};
// NOLINTEND(readability-identifier-naming)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Press, by)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Lit, by)
constexpr std::string_view message_type(const Press*) { return "Press"; }
constexpr std::string_view message_type(const Lit*) { return "Lit"; }
constexpr std::string_view message_type(const Dimmed*) { return "Dimmed"; }

/// A broken codec: reads another level than it wrote, but only dimmed ones.
inline void to_json(nlohmann::json& out, const Dimmed& event) { out = {{"level", event.level}}; }
inline void from_json(const nlohmann::json& in, Dimmed& event) {
  event.level = in.at("level").get<int>() / 10 * 10;
}

inline int presses = 0;

struct light {
  static constexpr std::string_view category = "lamps";
  using command = std::variant<Press>;
  using event = std::variant<Lit, Dimmed>;
  struct state {
    std::string lit_by;
    int level = 0;
    int forgotten = 0;  ///< Not in the JSON below.
    friend bool operator==(const state&, const state&) = default;
  };
  static troupe::decision<event> decide(const state& now, const Press& command,
                                        const troupe::command_context& context) {
    if (command.by == "thrower") throw std::domain_error("a spark");
    if (command.by == "counter") return Lit{std::to_string(++presses)};
    if (command.by == "caller")
      return Lit{context.user_id + '@' + troupe::format_time(context.time)};
    if (command.by == "twice") return std::vector<event>{Lit{"a"}, Lit{"b"}};
    if (!now.lit_by.empty()) return troupe::reject("lit", "it is lit; dim it");
    if (command.by.empty()) return troupe::no_change;
    return Lit{command.by};
  }
  static state evolve(state now, const Lit& event) {
    now.lit_by = event.by;
    if (event.by == "forgetter") now.forgotten = 1;
    return now;
  }
  static state evolve(state now, const Dimmed& event) {
    now.level = event.level;
    return now;
  }
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(light::state, lit_by, level)

}  // namespace lamp

namespace troupe::testkit {
namespace {

using lamp::Dimmed;
using lamp::light;
using lamp::Lit;
using lamp::Press;

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

BOOST_AUTO_TEST_SUITE(scenarios)

BOOST_AUTO_TEST_CASE(a_scenario_that_holds_says_nothing) {
  given<light>().when(Press{"zoe"}).then(Lit{"zoe"});
  given<light>().when(Press{"twice"}).then(Lit{"a"}, Lit{"b"});
  given<light>().when(Press{""}).then_nothing();
  given<light>(Lit{"zoe"}).when(Press{"max"}).then_rejected("lit", "dim it").then_rejected("lit");
  given<light>(std::vector<light::event>{Lit{"zoe"}}).when(Press{""}).then_rejected("lit");
}

BOOST_AUTO_TEST_CASE(the_command_carries_the_caller_and_the_time) {
  given<light>()
      .by("zoe")
      .at(default_time + std::chrono::seconds(1))
      .when(Press{"caller"})
      .then(Lit{"zoe@2026-01-01T00:00:01.000Z"});
  given<light>().when(Press{"caller"}).then(Lit{"@2026-01-01T00:00:00.000Z"});
}

BOOST_AUTO_TEST_CASE(the_state_before_and_after_can_be_looked_at) {
  const auto past = given<light>(Lit{"zoe"}, Dimmed{20});
  BOOST_TEST((past.state() == light::state{"zoe", 20, 0}));
  BOOST_TEST(given<light>().when(Press{"twice"}).state().lit_by == "b");
  BOOST_TEST(past.when(Press{"max"}).state().lit_by == "zoe");
}

BOOST_AUTO_TEST_CASE(another_event_is_a_failure_that_tells_the_whole_story) {
  const auto text = failing([] { given<light>(Dimmed{20}).when(Press{"zoe"}).then(Lit{"Zoë"}); });
  BOOST_TEST(text ==
             "the scenario does not hold\n"
             "given\n  Dimmed {\"level\":20}\n"
             "when\n  Press {\"by\":\"zoe\"}\n"
             "expected\n  Lit {\"by\":\"Zoë\"}\n"
             "actual\n  Lit {\"by\":\"zoe\"}");
}

BOOST_AUTO_TEST_CASE(each_way_to_be_wrong_is_a_failure) {
  const auto came = [](const char* by) { return given<light>().when(Press{by}); };
  const auto refused = given<light>(Lit{"zoe"}).when(Press{"max"});
  BOOST_TEST(!failing([&] { came("zoe").then(Lit{"zoe"}, Lit{"zoe"}); }).empty());
  BOOST_TEST(!failing([&] { came("twice").then(Lit{"a"}); }).empty());
  BOOST_TEST(!failing([&] { came("twice").then(Lit{"b"}, Lit{"a"}); }).empty());
  BOOST_TEST(!failing([&] { came("zoe").then(Dimmed{20}); }).empty());
  BOOST_TEST(
      contains(failing([&] { came("").then(Lit{""}); }), "actual\n  accepted, nothing changed"));
  BOOST_TEST(contains(failing([&] { came("zoe").then_nothing(); }),
                      "expected\n  accepted, nothing changed"));
  BOOST_TEST(!failing([&] { came("zoe").then_rejected("lit"); }).empty());
  BOOST_TEST(!failing([&] { came("").then_rejected("lit"); }).empty());
  BOOST_TEST(!failing([&] { refused.then_rejected("unlit"); }).empty());
  BOOST_TEST(!failing([&] { refused.then_rejected("lit", "sell it"); }).empty());
  BOOST_TEST(!failing([&] { refused.then_nothing(); }).empty());
  BOOST_TEST(contains(failing([&] { refused.then(Lit{"max"}); }),
                      "actual\n  rejected \"lit\": it is lit; dim it"));
}

BOOST_AUTO_TEST_CASE(a_decide_that_throws_is_a_failure) {
  BOOST_TEST(contains(failing([] { static_cast<void>(given<light>().when(Press{"thrower"})); }),
                      "an exception: a spark"));
}

BOOST_AUTO_TEST_CASE(a_decide_that_answers_differently_each_time_is_a_failure) {
  BOOST_TEST(contains(failing([] { static_cast<void>(given<light>().when(Press{"counter"})); }),
                      "must not depend on anything but its arguments"));
}

BOOST_AUTO_TEST_CASE(an_event_that_changes_on_its_way_through_json_is_a_failure) {
  const auto text = failing([] { static_cast<void>(given<light>(Dimmed{25})); });
  BOOST_TEST(text ==
             "Dimmed changed on its way through JSON\nexpected\n  {\"level\":25}\nactual\n  "
             "{\"level\":20}");
}

BOOST_AUTO_TEST_CASE(a_state_that_its_json_does_not_show_is_a_failure) {
  BOOST_TEST(contains(failing([] { static_cast<void>(given<light>(Lit{"forgetter"})); }),
                      "the state after Lit lost something that its JSON does not show"));
}

BOOST_AUTO_TEST_CASE(text_that_cannot_be_stored_is_a_failure) {
  BOOST_TEST(contains(failing([] { static_cast<void>(given<light>().when(Press{"\xff"})); }),
                      "Press cannot be written as JSON"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe::testkit
