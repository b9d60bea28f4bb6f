#include "runtime/node/guarded_application.hpp"

#include <boost/test/unit_test.hpp>

#include "runtime/host/counter.test.hpp"

namespace troupe {
namespace {

/// Has three rows, an event, and one known command of each entity; notes what reaches it.
class open_application final : public application {
 public:
  std::vector<std::string> reached;
  std::vector<command_request> commands;
  view_query asked;

  void submit(command_request request, completion) override {
    commands.push_back(std::move(request));
  }
  std::optional<command_outcome> take_in(command_request request) override {
    commands.push_back(std::move(request));
    return std::nullopt;
  }
  result<std::optional<command_outcome>> outcome_of(const std::string& id) override {
    if (id == "pending") return std::optional<command_outcome>();
    if (id != "of-zoe") return error{errc::not_found, "nothing is known of a command with this id"};
    command_outcome outcome;
    outcome.stream = {"counting", "zoe"};
    return std::optional(outcome);
  }
  result<std::optional<json>> view_row(const std::string&, const std::string& key) override {
    reached.push_back("row " + key);
    if (key == "missing") return std::optional<json>();
    return std::optional(json{{"id", key}, {"owner", key}});
  }
  result<view_page> view_rows(const std::string&, const view_query& query) override {
    reached.emplace_back("rows");
    asked = query;
    return view_page{};
  }
  result<position_t> view_position(const std::string&) override { return position_t{1}; }
  result<std::string> view_category(const std::string& view) override {
    if (view == "nothing") return error{errc::not_found, "there is no view 'nothing'"};
    return std::string("counting");
  }
  bool await_view(const std::string&, position_t, monotonic_time) override { return true; }
  result<std::unique_ptr<watch>> watch_view(const std::string&, std::function<void()>) override {
    return std::unique_ptr<watch>();
  }
  result<std::unique_ptr<watch>> watch_events(const std::string&, std::function<void()>) override {
    reached.emplace_back("watch");
    return std::unique_ptr<watch>();
  }
  result<std::vector<recorded_event>> events(const std::string&, position_t, std::size_t) override {
    reached.emplace_back("events");
    return std::vector<recorded_event>();
  }
};

/// Callers may do with their own counter what is not adding.
struct counter_rules {
  using aggregate = counting::counter;
  template <class C>
  static verdict may(const caller& who, const std::string& id, const C&) {
    if (std::is_same_v<C, counting::Add>) return only_admins(who);
    return id == who.subject ? verdict::allowed() : verdict::refused("not yours");
  }
  static verdict may_read(const caller& who, const std::string& id) {
    return id == who.subject ? verdict::allowed() : only_admins(who);
  }
};

visible_rows by_key(const caller& who) {
  return who.is_admin() ? visible_rows::all() : visible_rows::where("id", who.subject);
}
visible_rows by_owner(const caller& who) { return visible_rows::where("owner", who.subject); }

std::vector<feature> ruled(view_rule visible) {
  std::vector<feature> features;
  features.push_back(feature("counting")
                         .with_aggregate<counting::counter>("{}")
                         .with_rules<counter_rules>()
                         .with_view<counting::totals>(std::move(visible)));
  return features;
}

const caller zoe{"zoe", {"user"}};
const caller eve{"eve", {"user"}};
const caller root{"root", {"admin"}};
const std::string view{counting::totals::view};

struct guarded {
  explicit guarded(const caller& who, view_rule visible = by_key)
      : policy(ruled(std::move(visible))), app(behind, policy, who) {}
  open_application behind;
  access_policy policy;
  guarded_application app;
};

BOOST_AUTO_TEST_SUITE(guarded_applications)

BOOST_AUTO_TEST_CASE(every_way_to_an_application_is_guarded) {
  guarded as_eve(eve);
  command_request forged;
  forged.on_behalf_of = root;
  as_eve.app.submit(forged, nullptr);
  as_eve.app.take_in(forged);
  BOOST_REQUIRE(as_eve.behind.commands.size() == 2U);
  for (const auto& one : as_eve.behind.commands)
    BOOST_TEST((one.on_behalf_of == eve), "whatever a route says");
  BOOST_TEST((as_eve.app.view_row(view, "zoe").error().code == errc::forbidden));
  BOOST_TEST((as_eve.app.events("counting", 1, 10).error().code == errc::forbidden));
  BOOST_TEST((as_eve.app.watch_events("counting", nullptr).error().code == errc::forbidden));
  BOOST_TEST(as_eve.behind.reached.empty());
}

BOOST_AUTO_TEST_CASE(a_list_is_narrowed_to_what_its_reader_may_see) {
  guarded as_eve(eve);
  view_query query;
  query.equals = {{"id", "zoe"}};
  query.after = "cursor";
  BOOST_TEST(as_eve.app.view_rows(view, query).has_value());
  BOOST_TEST((as_eve.behind.asked.equals ==
              std::vector<std::pair<std::string, json>>{{"id", "zoe"}, {"id", "eve"}}));
  BOOST_TEST(as_eve.behind.asked.after == "cursor");
  guarded as_root(root);
  BOOST_TEST(as_root.app.view_rows(view, query).has_value());
  BOOST_TEST(as_root.behind.asked.equals.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_row_that_is_hidden_cannot_be_told_from_one_that_is_not_there) {
  for (const auto& rule : {view_rule(by_key), view_rule(by_owner)}) {
    guarded as_eve(eve, rule);
    const auto hidden = as_eve.app.view_row(view, "zoe");
    const auto missing = as_eve.app.view_row(view, "missing");
    BOOST_TEST((hidden.error().code == errc::forbidden));
    BOOST_TEST((hidden.error() == missing.error()));
    BOOST_TEST(as_eve.app.view_row(view, "eve").value().value().at("id") == "eve");
  }
  guarded as_root(root);
  BOOST_TEST(!as_root.app.view_row(view, "missing").value().has_value());
}

BOOST_AUTO_TEST_CASE(an_outcome_shows_to_whom_it_is_about) {
  guarded as_zoe(zoe);
  BOOST_TEST(as_zoe.app.outcome_of("of-zoe").has_value());
  BOOST_TEST(guarded(root).app.outcome_of("of-zoe").has_value());
  guarded as_eve(eve);
  BOOST_TEST((as_eve.app.outcome_of("of-zoe").error() == as_eve.app.outcome_of("x").error()));
  BOOST_TEST(as_eve.app.outcome_of("pending").has_value());
}

BOOST_AUTO_TEST_CASE(what_no_rule_speaks_of_is_for_administrators) {
  std::vector<feature> features;
  features.push_back(
      feature("counting").with_aggregate<counting::counter>("{}").with_view<counting::totals>());
  const access_policy policy(features);
  const stream_id entity{"counting", "zoe"};
  for (const auto& [who, may] : {std::pair(root, true), {zoe, false}, {caller(), false}}) {
    BOOST_TEST(bool(policy.may(who, entity, "Add", {{"amount", 1}})) == may);
    BOOST_TEST(bool(policy.may_read(who, entity)) == may);
    BOOST_TEST(bool(policy.may_follow(who, "counting")) == may);
    BOOST_TEST(policy.visible(who, view).everything() == may);
    BOOST_TEST(policy.visible(who, view).nothing() != may);
    BOOST_TEST(bool(policy.may(who, {"unknown", "x"}, "Add", {})) == may);
    BOOST_TEST(policy.visible(who, "unknown").nothing() != may);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
