#include <boost/test/unit_test.hpp>

#include <atomic>
#include <future>
#include <limits>

#include "runtime/host/node_in_a_box.test.hpp"
#include "runtime/host/projection_actors.hpp"

using namespace troupe;
using namespace troupe::host;

namespace {

constexpr std::size_t batch_size = 4;

/// A subscriber alone with a log of the test's.
struct followed_log {
  followed_log() {
    handle = system.spawn<subscriber, caf::detached>(card, log, "counting", batch_size, time, head);
    card->started(handle, time.now());
  }
  ~followed_log() {
    caf::anon_send_exit(handle, caf::exit_reason::user_shutdown);
    handle = nullptr;
    system.await_all_actors_done();
    card->ended(actor_status::stopped, time.now());
  }

  /// Tells the subscriber that this node has stored commits at these positions.
  void stored_here(const std::vector<position_t>& positions) const {
    auto stored = std::make_shared<std::vector<delivered_ptr>>();
    for (const auto position : positions) {
      const stream_id stream{"counting", "c" + std::to_string(position)};
      auto one = std::make_shared<delivered_commit>();
      one->commit.data.stream = stream;
      one->commit.position = position;
      one->events.push_back({{}, stream, 1, position});
      stored->push_back(std::move(one));
    }
    card->tell(log_grew{positions.back(), std::move(stored)});
  }

  std::vector<position_t> positions_from(position_t from) const {
    using batch_ptr = std::shared_ptr<const event_batch>;
    auto promise = std::make_shared<std::promise<batch_ptr>>();
    auto answer = promise->get_future();
    card->tell(want_batch{
        from, one_shot<batch_ptr>(
                  [promise](batch_ptr batch) { promise->set_value(std::move(batch)); }, nullptr)});
    BOOST_REQUIRE(answer.wait_for(patience) == std::future_status::ready);
    std::vector<position_t> positions;
    const auto batch = answer.get();
    for (const auto& one : batch->commits) positions.push_back(one->commit.position);
    BOOST_TEST(batch->last == positions.back());
    return positions;
  }

  system_clock time;
  staged_log log;
  actor_registry registry{time};
  card_ptr card = registry.card("/subscriber", "subscriber");
  caf::actor_system_config config;
  caf::actor_system system{config};
  std::atomic<position_t> head{0};
  caf::actor handle;
};

using positions = std::vector<position_t>;

}  // namespace

BOOST_AUTO_TEST_SUITE(live_tail)

BOOST_AUTO_TEST_CASE(what_this_node_has_stored_is_not_read_again) {
  followed_log followed;  // Its log is empty.
  followed.stored_here({1, 2});
  followed.stored_here({3});
  BOOST_TEST((followed.positions_from(1) == positions{1, 2, 3}));
  BOOST_TEST((followed.positions_from(2) == positions{2, 3}));
  BOOST_TEST(followed.log.commits_read == 0);
}

BOOST_AUTO_TEST_CASE(no_more_than_a_batch_is_handed_out_and_two_are_kept) {
  followed_log followed;
  followed.stored_here({1, 2, 3, 4, 5, 6, 7, 8, 9});
  BOOST_TEST((followed.positions_from(2) == positions{2, 3, 4, 5}));
  BOOST_TEST((followed.positions_from(6) == positions{6, 7, 8, 9}));
  for (int i = 0; i < 2; ++i) append_foreign(followed.log, {"counting", "a"}, 1, std::to_string(i));
  BOOST_TEST(
      (followed.positions_from(1) == positions{1, 2}));  // Read: the tail has lost the first.
}

BOOST_AUTO_TEST_CASE(behind_a_gap_what_others_stored_is_read) {
  followed_log followed;
  for (int i = 0; i < 3; ++i) append_foreign(followed.log, {"counting", "a"}, 1, std::to_string(i));
  followed.stored_here({1, 3});
  BOOST_TEST((followed.positions_from(1) == positions{1, 2, 3}));
  BOOST_TEST(followed.log.commits_read == 2);
}

BOOST_AUTO_TEST_CASE(what_lies_between_is_read_once_for_all_who_ask) {
  followed_log followed;
  for (int i = 0; i < 4; ++i) append_foreign(followed.log, {"counting", "a"}, 1, std::to_string(i));
  followed.stored_here({2, 4});
  BOOST_TEST((followed.positions_from(1) == positions{1, 2, 3, 4}));
  followed.log.commits_read = 0;
  BOOST_TEST((followed.positions_from(2) == positions{2, 3, 4}));
  BOOST_TEST((followed.positions_from(3) == positions{3, 4}));
  BOOST_TEST((followed.positions_from(1) == positions{1, 2, 3, 4}));
  BOOST_TEST(followed.log.commits_read == 0);
}

BOOST_AUTO_TEST_CASE(who_begins_anew_is_served_while_another_waits_at_the_end) {
  followed_log followed;
  for (int i = 0; i < 2; ++i) append_foreign(followed.log, {"counting", "a"}, 1, std::to_string(i));
  followed.card->tell(
      want_batch{3, one_shot<std::shared_ptr<const event_batch>>(
                        [](const std::shared_ptr<const event_batch>&) {}, nullptr)});
  BOOST_TEST((followed.positions_from(1) == positions{1, 2}));
}

BOOST_AUTO_TEST_CASE(a_commit_without_its_events_is_read) {
  followed_log followed;
  append_foreign(followed.log, {"counting", "a"}, 1, "one");
  auto bare = std::make_shared<delivered_commit>();
  bare->commit.position = 1;
  followed.card->tell(log_grew{1, std::make_shared<const std::vector<delivered_ptr>>(1, bare)});
  BOOST_TEST((followed.positions_from(1) == positions{1}));
  BOOST_TEST(followed.log.commits_read == 1);
}

BOOST_AUTO_TEST_CASE(a_view_is_the_same_from_the_tail_and_from_the_log) {
  engine_options small;
  small.max_commits_per_batch = 4;
  node_in_a_box node(small);
  for (int round = 0; round < 50; ++round) {
    node.add("a", round);
    if (round % 7 == 0)
      append_foreign(node.log.inner, {"counting", "b"}, 10, std::to_string(round));
  }
  node.add("a", 1);
  node.await_view();
  const auto live = std::pair(node.row("a"), node.row("b"));
  BOOST_TEST(live.first.at("total") == node.total("a"));
  BOOST_TEST(live.second.at("total") == node.total("b"));
  BOOST_REQUIRE(node.actors->rebuild_projection("totals"));
  node.await_view();
  BOOST_TEST((live == std::pair(node.row("a"), node.row("b"))));
}

BOOST_AUTO_TEST_CASE(what_text_would_change_does_not_survive_storage) {
  const auto with = [](json data) { return envelope{"id", "T", json::object(), std::move(data)}; };
  BOOST_TEST(survives_storage(with({{"a", 1.5}, {"b", {"text", nullptr, true}}})));
  BOOST_TEST(!survives_storage(with({{"a", std::numeric_limits<double>::quiet_NaN()}})));
  BOOST_TEST(
      !survives_storage(with({{"deep", {1, {{"a", std::numeric_limits<double>::infinity()}}}}})));
  BOOST_TEST(!survives_storage(with({{"bytes", json::binary({1, 2})}})));
}

BOOST_AUTO_TEST_SUITE_END()
