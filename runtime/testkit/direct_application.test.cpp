#include "runtime/testkit/direct_application.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace pond {

// NOLINTBEGIN(readability-identifier-naming): messages keep their schema's names.
struct Feed {
  std::string fish;
  int crumbs = 0;
};
struct Fed {
  std::string fish;
};
// NOLINTEND(readability-identifier-naming)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Feed, fish, crumbs)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Fed, fish)
constexpr std::string_view message_type(const Feed*) { return "Feed"; }
constexpr std::string_view message_type(const Fed*) { return "Fed"; }

/// One event for each crumb; refuses more than three.
struct fish {
  static constexpr std::string_view category = "ponds";
  using command = std::variant<Feed>;
  using event = std::variant<Fed>;
  struct state {
    int eaten = 0;
  };
  static std::string entity_of(const Feed& command) { return command.fish; }
  static troupe::decision<event> decide(const state&, const Feed& command,
                                        const troupe::command_context&) {
    if (command.crumbs > 3) return troupe::reject("full", "feed less");
    return std::vector<event>(static_cast<std::size_t>(command.crumbs), Fed{command.fish});
  }
  static state evolve(state now, const Fed&) { return {now.eaten + 1}; }
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(fish::state, eaten)

struct meals {
  static constexpr std::string_view view = "meals";
  static constexpr std::string_view key = "fish";
  static constexpr std::string_view category = "ponds";
  using event = fish::event;
  struct row {
    std::string fish;
    int eaten = 0;
  };
  static std::string key_of(const troupe::recorded<Fed>& event) { return event.data.fish; }
  static row project(row now, const troupe::recorded<Fed>& event) {
    return {event.data.fish, now.eaten + 1};
  }
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(meals::row, fish, eaten)

}  // namespace pond

namespace troupe::testkit {
namespace {

struct a_pond {
  direct_application app{
      feature("ponds").with_aggregate<pond::fish>("{}").with_view<pond::meals>()};
  int commands = 0;

  command_outcome feed(const std::string& fish, int crumbs) {
    command_request request;
    request.category = "ponds";
    request.type = "Feed";
    request.data = {{"fish", fish}, {"crumbs", crumbs}};
    request.context.command_id = "c-" + std::to_string(++commands);
    return app.execute(request);
  }
};

BOOST_FIXTURE_TEST_SUITE(direct_applications, a_pond)

BOOST_AUTO_TEST_CASE(a_command_is_decided_and_shown_before_execute_returns) {
  const auto outcome = feed("koi", 2);
  BOOST_TEST((outcome.status == outcome_status::accepted));
  BOOST_TEST((outcome.stream == stream_id{"ponds", "koi"}));
  BOOST_TEST(outcome.version == 2U);
  BOOST_TEST(outcome.position == 1U);
  BOOST_TEST(outcome.events.size() == 2U);
  BOOST_TEST(app.view_row("meals", "koi").value().value() == json({{"fish", "koi"}, {"eaten", 2}}));
  BOOST_TEST(feed("koi", 1).version == 3U);
  BOOST_TEST(feed("koi", 0).position == 2U);
}

BOOST_AUTO_TEST_CASE(refusals_and_mistakes_have_their_status) {
  const auto refused = feed("koi", 4);
  BOOST_TEST((refused.status == outcome_status::rejected));
  BOOST_TEST(refused.code == "full");
  command_request request;
  request.context.command_id = "x-1";
  request.category = "lakes";
  BOOST_TEST((app.execute(request).status == outcome_status::not_found));
  request.context.command_id = "x-2";
  request.category = "ponds";
  request.type = "Drain";
  BOOST_TEST((app.execute(request).status == outcome_status::invalid));
}

BOOST_AUTO_TEST_CASE(a_repeated_command_id_gets_the_same_answer_and_has_no_second_effect) {
  const auto first = feed("koi", 1);
  commands = 0;
  BOOST_TEST((feed("koi", 1) == first));
  BOOST_TEST(app.view_row("meals", "koi").value().value().at("eaten") == 1);
}

BOOST_AUTO_TEST_CASE(held_views_lag_until_they_are_let_go) {
  app.hold_views(true);
  const auto position = feed("koi", 1).position;
  BOOST_TEST(!app.view_row("meals", "koi").value().has_value());
  BOOST_TEST(!app.await_view("meals", position, {}));
  BOOST_TEST(app.view_position("meals").value() == 0U);
  app.hold_views(false);
  BOOST_TEST(app.await_view("meals", position, {}));
  BOOST_TEST(app.view_position("meals").value() == position);
}

BOOST_AUTO_TEST_CASE(rows_are_found_by_equality_up_to_the_limit) {
  feed("koi", 1);
  feed("carp", 1);
  feed("eel", 2);
  view_query query;
  query.equals = {{"eaten", 1}};
  BOOST_TEST(app.view_rows("meals", query).value().rows.size() == 2U);
  query.limit = 1;
  BOOST_TEST(app.view_rows("meals", query).value().rows.front().at("fish") == "carp");
  BOOST_TEST((app.view_rows("drinks", query).error().code == errc::not_found));
  BOOST_TEST(app.view_category("meals").value() == "ponds");
}

BOOST_AUTO_TEST_CASE(events_are_whole_commits) {
  feed("koi", 2);
  feed("eel", 1);
  BOOST_TEST(app.events("ponds", 0, 1).value().size() == 2U);
  BOOST_TEST(app.events("ponds", 2, 9).value().front().stream.id == "eel");
  BOOST_TEST(app.events("ponds", 3, 9).value().empty());
}

BOOST_AUTO_TEST_CASE(an_outcome_or_a_failure_can_be_ordered) {
  app.answer_next({});
  BOOST_TEST((feed("koi", 1).status == outcome_status::in_doubt));
  BOOST_TEST((feed("koi", 1).status == outcome_status::accepted));
  app.fail_views(error{errc::unavailable, "away"});
  BOOST_TEST((app.view_row("meals", "koi").error() == error{errc::unavailable, "away"}));
  app.fail_views(std::nullopt);
  BOOST_TEST(app.view_row("meals", "koi").has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe::testkit
