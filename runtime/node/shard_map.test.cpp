#include "runtime/node/shard_map.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

namespace troupe {
namespace {

const std::vector<std::string> three = {"0195-a", "0195-b", "0195-c"};

std::vector<std::string> owners(const shard_map& map) {
  std::vector<std::string> all;
  for (std::size_t shard = 0; shard < shard_count; ++shard) all.push_back(map.owner(shard));
  return all;
}

BOOST_AUTO_TEST_SUITE(shards)

BOOST_AUTO_TEST_CASE(the_hash_is_the_published_one) {
  BOOST_TEST(shard_of("") == 38U);
  BOOST_TEST(shard_of("identity.4711") == 152U);
  BOOST_TEST(shard_of("projector/users") == 114U);
  const shard_map map(three);
  BOOST_TEST(map.owner(0) == "0195-a");
  BOOST_TEST(map.owner(1) == "0195-a");
  BOOST_TEST(map.owner(255) == "0195-c");
}

BOOST_AUTO_TEST_CASE(all_who_know_the_same_nodes_agree) {
  BOOST_TEST(owners(shard_map({"0195-c", "0195-a", "0195-b"})) == owners(shard_map(three)),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_lone_node_owns_everything) {
  BOOST_TEST(shard_map({"0195-a"}).owned_by("0195-a") == shard_count);
}

BOOST_AUTO_TEST_CASE(nodes_share_about_evenly) {
  const shard_map map(three);
  std::size_t all = 0;
  for (const auto& node : three) {
    BOOST_TEST(map.owned_by(node) > shard_count / 5);
    all += map.owned_by(node);
  }
  BOOST_TEST(all == shard_count);
  BOOST_TEST(map.owned_by("0195-d") == 0U);
}

BOOST_AUTO_TEST_CASE(a_node_that_joins_takes_shards_and_moves_no_other) {
  const auto before = owners(shard_map(three));
  const auto after = owners(shard_map({"0195-a", "0195-b", "0195-c", "0195-d"}));
  std::size_t taken = 0;
  for (std::size_t shard = 0; shard < shard_count; ++shard) {
    if (after[shard] == "0195-d") {
      ++taken;
    } else {
      BOOST_TEST(after[shard] == before[shard]);
    }
  }
  BOOST_TEST(taken > shard_count / 8);
}

BOOST_AUTO_TEST_CASE(a_node_that_leaves_gives_up_its_shards_and_moves_no_other) {
  const auto before = owners(shard_map(three));
  const auto after = owners(shard_map({"0195-a", "0195-c"}));
  for (std::size_t shard = 0; shard < shard_count; ++shard) {
    if (before[shard] != "0195-b") BOOST_TEST(after[shard] == before[shard]);
  }
}

BOOST_AUTO_TEST_CASE(names_that_are_alike_spread_over_the_shards) {
  std::vector<std::size_t> hits(shard_count);
  for (int i = 0; i < 25'600; ++i) ++hits[shard_of("identity." + std::to_string(i))];
  BOOST_TEST(std::ranges::min(hits) > 50U);
  BOOST_TEST(std::ranges::max(hits) < 150U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
