#include "bridges/http/admin_span.hpp"

#include <boost/test/unit_test.hpp>

#include <map>

#include "bridges/http/fake_node.test.hpp"
#include "bridges/http/http_bridge.hpp"
#include "bridges/http/raw_client.test.hpp"

namespace troupe::http {
namespace {

/// Other nodes that say what a test tells them to.
class told_peers final : public node_peers {
 public:
  [[nodiscard]] node_name self() const override { return {"own", "i-own"}; }
  [[nodiscard]] std::vector<node_name> others() const override {
    std::vector<node_name> all;
    for (const auto& [incarnation, one] : nodes) all.push_back({one.name, incarnation});
    return all;
  }
  [[nodiscard]] std::optional<node_name> runner_of(const std::string& projection) const override {
    if (projection != "shared") return std::nullopt;
    return node_name{"b", "i-b"};
  }
  std::vector<result<admin_answer>> ask(const std::vector<node_name>& whom,
                                        const admin_question& what) override {
    std::vector<result<admin_answer>> answers;
    for (const auto& one : whom) {
      asked.push_back(one.name + ' ' + what.method + ' ' + what.target);
      answers.push_back(nodes.at(one.incarnation).says);
    }
    return answers;
  }
  void answer_with(answerer answer) override { answer_ = std::move(answer); }

  struct node {
    std::string name;
    result<admin_answer> says = error{errc::in_doubt, "no answer in time"};
  };
  std::map<std::string, node> nodes;
  std::vector<std::string> asked;
  answerer answer_;
};

json actor_at(const std::string& path, const std::string& node) {
  return {{"path", path}, {"node", node}};
}

json page_of(json items, json next = nullptr) {
  const auto total = items.size();
  return {{"items", std::move(items)}, {"total", total}, {"next", std::move(next)}};
}

class one_of_several final : public fake_node {
 public:
  node_peers* peers() override { return &others; }
  result<json> actors(const actor_filter&) override { return own_actors; }

  told_peers others;
  json own_actors = page_of(json::array({actor_at("/a", "own"), actor_at("/c", "own")}));
};

struct spanning {
  spanning() : bridge(make_admin_bridge(node, {})) {
    node.others.nodes["i-b"] = {"b", admin_answer{200, page_of(json::array()).dump()}};
    BOOST_REQUIRE(bridge->start(nullptr));
  }
  answer_seen ask(std::string_view method, std::string_view target) {
    return troupe::http::ask(bridge->port(), method, target, "", "");
  }
  void peer_says(int status, const json& body) {
    node.others.nodes["i-b"].says = admin_answer{status, body.dump()};
  }

  one_of_several node;
  std::unique_ptr<server_bridge> bridge;
};

BOOST_FIXTURE_TEST_SUITE(an_admin_endpoint_of_a_cluster, spanning)

BOOST_AUTO_TEST_CASE(a_list_holds_the_items_of_all_nodes_in_order) {
  peer_says(200, page_of(json::array({actor_at("/a", "b"), actor_at("/b", "b")})));
  const auto list = ask("GET", "/admin/actors?kind=bridge").value();
  BOOST_TEST(list.at("items") == json::array({actor_at("/a", "b"), actor_at("/a", "own"),
                                              actor_at("/b", "b"), actor_at("/c", "own")}));
  BOOST_TEST(list.at("total") == 4);
  BOOST_TEST(list.at("next") == nullptr);
  BOOST_TEST(list.at("unanswered") == json::array());
  BOOST_TEST(node.others.asked == std::vector<std::string>{"b GET /admin/actors?kind=bridge"},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_page_goes_no_further_than_the_first_one_that_ends_early) {
  peer_says(200, page_of(json::array({actor_at("/a", "b"), actor_at("/b", "b")}), "/b"));
  const auto list = ask("GET", "/admin/actors?limit=2").value();
  BOOST_TEST(list.at("items") == json::array({actor_at("/a", "b"), actor_at("/a", "own")}));
  BOOST_TEST(list.at("next") == "/a");
  BOOST_TEST(ask("GET", "/admin/actors?limit=3").value().at("next") == "/b");
}

BOOST_AUTO_TEST_CASE(who_does_not_answer_is_named) {
  node.others.nodes["i-c"] = {"c"};
  peer_says(500, {{"code", "internal"}});
  const auto list = ask("GET", "/admin/actors").value();
  BOOST_TEST(list.at("items").size() == 2U);
  BOOST_TEST(
      list.at("unanswered") ==
      json::array({{{"node", "b"}, {"incarnation", "i-b"}, {"reason", "status 500"}},
                   {{"node", "c"}, {"incarnation", "i-c"}, {"reason", "no answer in time"}}}));
}

BOOST_AUTO_TEST_CASE(a_node_is_chosen_by_name_or_incarnation) {
  peer_says(200, {{"version", "2.0.0"}});
  for (const char* which : {"b", "i-b"}) {
    BOOST_TEST(ask("GET", std::string("/admin/info?node=") + which).value().at("version") ==
               "2.0.0");
  }
  for (const char* which : {"own", "i-own"}) {
    BOOST_TEST(ask("GET", std::string("/admin/info?node=") + which).value().at("version") ==
               "1.2.3");
  }
  BOOST_TEST(ask("GET", "/admin/info?node=z").status == 404);
  node.others.nodes["i-b2"] = {"b"};
  const auto ambiguous = ask("GET", "/admin/info?node=b");
  BOOST_TEST(ambiguous.status == 409);
  BOOST_TEST(ambiguous.value().at("code") == "ambiguous-node");
}

BOOST_AUTO_TEST_CASE(a_chosen_node_that_does_not_answer_leaves_the_outcome_unknown) {
  node.others.nodes["i-b"].says = error{errc::in_doubt, "no answer in time"};
  const auto seen = ask("POST", "/admin/projections/shared/pause");
  BOOST_TEST(seen.status == 503);
  BOOST_TEST(seen.value().at("code") == "outcome-unknown");
}

BOOST_AUTO_TEST_CASE(what_changes_a_projection_goes_to_the_node_that_runs_it) {
  peer_says(200, {{"status", "ok"}});
  BOOST_TEST(ask("POST", "/admin/projections/shared/rebuild").status == 200);
  BOOST_TEST(
      node.others.asked == std::vector<std::string>{"b POST /admin/projections/shared/rebuild"},
      boost::test_tools::per_element());
  node.others.asked.clear();
  ask("POST", "/admin/projections/own/rebuild");
  BOOST_TEST(node.others.asked.empty());
}

BOOST_AUTO_TEST_CASE(a_peer_is_answered_from_this_node_alone) {
  const auto given = node.others.answer_({"GET", "/admin/actors?limit=5", ""});
  BOOST_TEST(given.status == 200);
  BOOST_TEST(json::parse(given.body) == node.own_actors);
  BOOST_TEST(node.others.asked.empty());
  BOOST_TEST(node.others.answer_({"GET", "/nowhere", ""}).status == 404);
  BOOST_TEST(node.others.answer_({"GET", "%zz", ""}).status == 400);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe::http
