#include "runtime/node/cluster.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <functional>
#include <future>
#include <thread>

#include "runtime/testkit/memory_message_bus.hpp"
#include "runtime/testkit/patience.test.hpp"

namespace troupe {
namespace {

using namespace std::chrono_literals;

bool eventually(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

announcement called(const std::string& incarnation) {
  announcement own;
  own.incarnation = incarnation;
  own.name = "node-" + incarnation;
  own.version = "1";
  return own;
}

struct some_nodes {
  std::shared_ptr<cluster> add(const std::string& incarnation) {
    auto made = std::make_shared<cluster>(bus, called(incarnation), time, [] {
      return json{{"http", "127.0.0.1:1"}};
    });
    nodes.push_back(made);
    return made;
  }
  std::shared_ptr<cluster> start(const std::string& incarnation) {
    auto made = add(incarnation);
    BOOST_REQUIRE(made->start(nullptr));
    return made;
  }
  ~some_nodes() {
    for (const auto& one : nodes) one->stop();
  }

  system_clock time;
  std::vector<std::shared_ptr<cluster>> nodes;
  testkit::memory_message_bus bus;
};

std::size_t peers_of(const cluster& node) { return node.now().peers.size(); }
std::size_t shards_of(const cluster& node) {
  const auto seen = node.now();
  return seen.shards->owned_by(seen.own.incarnation);
}

BOOST_AUTO_TEST_SUITE(nodes_among_peers)

BOOST_AUTO_TEST_CASE(nodes_that_hear_each_other_share_and_agree) {
  some_nodes some;
  const auto a = some.start("a");
  const auto b = some.start("b");
  const auto c = some.start("c");
  BOOST_REQUIRE(
      eventually([&] { return peers_of(*a) == 2 && peers_of(*b) == 2 && peers_of(*c) == 2; }));
  BOOST_TEST((*a->now().shards == *b->now().shards));
  BOOST_TEST((*a->now().shards == *c->now().shards));
  for (int i = 0; i < 100; ++i) {
    const auto name = "identity." + std::to_string(i);
    BOOST_TEST(a->here(name) + b->here(name) + c->here(name) == 1);
    BOOST_TEST(a->node_of(name) == c->node_of(name));
  }
  BOOST_TEST(a->now().peers[0].said.addresses.at("http") == "127.0.0.1:1");
}

BOOST_AUTO_TEST_CASE(a_node_that_drains_hands_everything_on_and_then_leaves) {
  some_nodes some;
  const auto a = some.start("a");
  const auto b = some.start("b");
  BOOST_REQUIRE(eventually([&] { return peers_of(*a) == 1 && peers_of(*b) == 1; }));
  std::atomic<int> moves = 0;
  const auto watching = a->on_change([&] { ++moves; });
  b->set_draining();
  BOOST_TEST(shards_of(*b) == 0U);
  BOOST_REQUIRE(eventually([&] { return shards_of(*a) == shard_count; }));
  BOOST_TEST(peers_of(*a) == 1U);
  BOOST_TEST(moves > 0);
  b->drain();
  BOOST_TEST(eventually([&] { return peers_of(*a) == 0; }));
}

BOOST_AUTO_TEST_CASE(a_node_that_falls_silent_is_forgotten_and_heard_again) {
  some_nodes some;
  const auto a = some.start("a");
  const auto b = some.start("b");
  BOOST_REQUIRE(eventually([&] { return peers_of(*a) == 1; }));
  b->stop();  // Without a word.
  BOOST_REQUIRE(eventually([&] { return peers_of(*a) == 0; }));
  BOOST_REQUIRE(b->start(nullptr));
  BOOST_TEST(eventually([&] { return peers_of(*a) == 1; }));
}

BOOST_AUTO_TEST_CASE(who_is_cut_off_forgets_nobody) {
  some_nodes some;
  const auto a = some.start("a");
  const auto b = some.start("b");
  BOOST_REQUIRE(eventually([&] { return peers_of(*a) == 1 && peers_of(*b) == 1; }));
  some.bus.set_connected(false);
  const auto end = std::chrono::steady_clock::now() + longest_silence + 2 * announcement_interval;
  std::this_thread::sleep_until(end);
  BOOST_TEST(peers_of(*a) == 1U);
  some.bus.set_connected(true);
}

BOOST_AUTO_TEST_CASE(a_suspect_is_forgotten_at_once) {
  some_nodes some;
  const auto a = some.start("a");
  const auto b = some.start("b");
  BOOST_REQUIRE(eventually([&] { return peers_of(*a) == 1; }));
  b->stop();
  a->suspect("b");
  BOOST_TEST(peers_of(*a) == 0U);
  BOOST_TEST(shards_of(*a) == shard_count);
}

BOOST_AUTO_TEST_CASE(a_peer_is_asked_and_answers_before_it_leaves) {
  some_nodes some;
  const auto a = some.start("a");
  const auto b = some.add("b");
  std::promise<message_bus::message> asked;
  b->serve("sum", [&](message_bus::message message) { asked.set_value(std::move(message)); });
  BOOST_REQUIRE(b->start(nullptr));
  std::promise<result<std::string>> told;
  a->ask("b", "sum", "1+1", some.time.monotonic() + patience,
         [&](result<std::string> answer) { told.set_value(std::move(answer)); });
  auto message = asked.get_future().get();
  BOOST_TEST(message.body == "1+1");
  auto drained = std::async(std::launch::async, [&] { b->drain(); });
  BOOST_TEST((drained.wait_for(0s) == std::future_status::timeout));
  message.answer("2");
  drained.get();
  const auto answer = told.get_future().get();
  BOOST_REQUIRE(answer);
  BOOST_TEST(*answer == "2");
}

BOOST_AUTO_TEST_CASE(a_question_to_nobody_did_not_arrive) {
  some_nodes some;
  const auto a = some.start("a");
  std::promise<result<std::string>> told;
  a->ask("gone", "sum", "1+1", some.time.monotonic() + patience,
         [&](result<std::string> answer) { told.set_value(std::move(answer)); });
  BOOST_TEST((told.get_future().get().error().code == errc::not_found));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
