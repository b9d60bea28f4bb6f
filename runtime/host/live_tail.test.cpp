#include <boost/test/unit_test.hpp>

#include <limits>

#include "runtime/host/event_batch.hpp"
#include "runtime/host/node_in_a_box.test.hpp"

using namespace troupe;
using namespace troupe::host;

BOOST_AUTO_TEST_SUITE(live_tail)

BOOST_AUTO_TEST_CASE(what_this_node_stores_reaches_its_views_without_being_read_back) {
  engine_options small;
  small.max_commits_per_batch = 4;
  node_in_a_box node(small);
  for (int round = 0; round < 20; ++round) {
    node.add("a", round);
    node.add("b", 1);
    node.await_view();
  }
  BOOST_TEST(node.row("a").at("total") == node.total("a"));
  BOOST_TEST(node.row("b").at("total") == 20);
  BOOST_TEST(node.log.commits_read == 0);
}

BOOST_AUTO_TEST_CASE(what_others_store_in_between_is_read) {
  node_in_a_box node;
  node.add("a", 1);
  node.await_view();
  append_foreign(node.log.inner, {"counting", "b"}, 10, "foreign");
  node.add("a", 2);
  node.await_view();
  BOOST_TEST(node.row("a").at("total") == 3);
  BOOST_TEST(node.row("b").at("total") == 10);
  BOOST_TEST(node.log.commits_read > 0);
}

BOOST_AUTO_TEST_CASE(a_projector_that_is_far_behind_reads_what_the_tail_has_lost) {
  engine_options small;
  small.max_commits_per_batch = 2;
  node_in_a_box node(small);
  BOOST_REQUIRE(node.actors->pause_projection("totals"));
  for (int round = 1; round <= 50; ++round) node.add("a", round);
  BOOST_REQUIRE(node.actors->resume_projection("totals"));
  node.await_view();
  BOOST_TEST(node.row("a").at("total") == 1275);
}

BOOST_AUTO_TEST_CASE(what_text_would_change_does_not_survive_storage) {
  const auto with = [](json data) {
    return envelope{"id", "Type", json::object(), std::move(data)};
  };
  BOOST_TEST(survives_storage(with({{"a", 1.5}, {"b", {"text", nullptr, true}}})));
  BOOST_TEST(!survives_storage(with({{"a", std::numeric_limits<double>::quiet_NaN()}})));
  BOOST_TEST(
      !survives_storage(with({{"deep", {1, {{"a", std::numeric_limits<double>::infinity()}}}}})));
  BOOST_TEST(!survives_storage(with({{"bytes", json::binary({1, 2})}})));
}

BOOST_AUTO_TEST_SUITE_END()
