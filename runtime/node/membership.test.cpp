#include "runtime/node/membership.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe {
namespace {

using namespace std::chrono_literals;

constexpr monotonic_time start{};

announcement node(const std::string& incarnation, const std::string& name = "") {
  announcement made;
  made.incarnation = incarnation;
  made.name = name.empty() ? "node-" + incarnation : name;
  made.version = "1.2.3";
  made.started = timestamp(1234ms);
  made.addresses = {{"http", "127.0.0.1:8080"}};
  return made;
}

announcement draining(announcement one) {
  one.draining = true;
  return one;
}

std::size_t owned(const membership& known, const std::string& incarnation) {
  return known.shards()->owned_by(incarnation);
}

BOOST_AUTO_TEST_SUITE(members)

BOOST_AUTO_TEST_CASE(a_lone_node_owns_everything) {
  const membership known(node("a"));
  BOOST_TEST(owned(known, "a") == shard_count);
}

BOOST_AUTO_TEST_CASE(a_peer_shares_from_the_moment_it_is_heard) {
  membership known(node("a"));
  const auto change = known.heard(node("b"), start);
  BOOST_TEST(change.newcomer);
  BOOST_TEST(change.moved);
  BOOST_TEST(owned(known, "a") + owned(known, "b") == shard_count);
  BOOST_TEST(owned(known, "b") > 0U);
  const auto again = known.heard(node("b"), start + 500ms);
  BOOST_TEST(!again.newcomer);
  BOOST_TEST(!again.moved);
}

BOOST_AUTO_TEST_CASE(two_nodes_that_know_each_other_draw_the_same_map) {
  membership a(node("a"));
  membership b(node("b"));
  a.heard(node("b"), start);
  b.heard(node("a"), start);
  BOOST_TEST((*a.shards() == *b.shards()));
}

BOOST_AUTO_TEST_CASE(its_own_voice_is_no_peer) {
  membership known(node("a"));
  BOOST_TEST(!known.heard(node("a"), start).newcomer);
  BOOST_TEST(known.peers().empty());
}

BOOST_AUTO_TEST_CASE(two_incarnations_of_one_name_are_two_nodes) {
  membership known(node("a", "pod-0"));
  known.heard(node("b", "pod-0"), start);
  known.heard(node("c", "pod-0"), start);
  BOOST_TEST(known.peers().size() == 2U);
  BOOST_TEST(owned(known, "a") + owned(known, "b") + owned(known, "c") == shard_count);
}

BOOST_AUTO_TEST_CASE(a_peer_is_forgotten_after_its_silence_and_not_before) {
  membership known(node("a"));
  known.heard(node("b"), start);
  BOOST_TEST(!known.sweep(start + 3s).moved);
  BOOST_TEST(known.sweep(start + 3001ms).moved);
  BOOST_TEST(owned(known, "a") == shard_count);
}

BOOST_AUTO_TEST_CASE(a_silence_that_is_not_the_peers_does_not_count) {
  membership known(node("a"));
  known.heard(node("b"), start);
  known.excuse(start + 1h);
  BOOST_TEST(!known.sweep(start + 1h + 3s).moved);
}

BOOST_AUTO_TEST_CASE(a_peer_that_leaves_or_does_not_answer_is_forgotten_at_once) {
  membership known(node("a"));
  known.heard(node("b"), start);
  known.heard(node("c"), start);
  auto last_word = draining(node("b"));
  last_word.leaving = true;
  BOOST_TEST(known.heard(last_word, start).moved);
  BOOST_TEST(known.forget("c").moved);
  BOOST_TEST(!known.forget("c").moved);
  BOOST_TEST(owned(known, "a") == shard_count);
}

BOOST_AUTO_TEST_CASE(a_draining_node_owns_nothing_and_is_still_known) {
  membership known(node("a"));
  known.heard(node("b"), start);
  BOOST_TEST(known.heard(draining(node("b")), start).moved);
  BOOST_TEST(owned(known, "a") == shard_count);
  BOOST_TEST(known.peers().size() == 1U);

  known.heard(node("b"), start);
  known.set_draining();
  BOOST_TEST(owned(known, "b") == shard_count);
}

BOOST_AUTO_TEST_CASE(when_all_drain_they_share_as_ever) {
  membership known(node("a"));
  known.set_draining();
  BOOST_TEST(owned(known, "a") == shard_count);
  known.heard(draining(node("b")), start);
  BOOST_TEST(owned(known, "a") + owned(known, "b") == shard_count);
}

BOOST_AUTO_TEST_CASE(peers_beyond_the_bound_are_not_heard) {
  membership known(node("a"));
  for (std::size_t i = 0; i < most_peers + 5; ++i) {
    auto one = draining(node("p" + std::to_string(i)));
    known.heard(one, start);
  }
  BOOST_TEST(known.peers().size() == most_peers);
}

BOOST_AUTO_TEST_CASE(an_announcement_comes_back_from_its_text) {
  const auto said = draining(node("0195d0c2-aaaa"));
  const auto read = decode_announcement(encode(said));
  BOOST_REQUIRE(read);
  BOOST_TEST((*read == said));
}

BOOST_AUTO_TEST_CASE(what_no_node_says_is_refused) {
  const auto with = [](const char* member, json value) {
    auto said = json::parse(encode(node("a")));
    said[member] = std::move(value);
    return said.dump();
  };
  for (const auto& text :
       {std::string("{"), std::string("[]"), std::string("{}"), with("incarnation", "a.b"),
        with("incarnation", ">"), with("incarnation", ""), with("name", 1), with("name", "a\nb"),
        with("name", std::string(1'000, 'x')), with("addresses", "here"), with("draining", 0),
        with("started", "now")}) {
    const auto read = decode_announcement(text);
    BOOST_TEST(!read, text);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
