// What an engine does when other nodes own some of its entities and projectors.
#include <mutex>
#include <set>

#include "runtime/core/notifier.hpp"
#include "runtime/host/node_in_a_box.test.hpp"

namespace troupe::host {
namespace {

/// Where a test says that things are.
class told_placement final : public placement {
 public:
  [[nodiscard]] bool here(std::string_view name) const override {
    const std::lock_guard lock(mutex_);
    return !elsewhere_.contains(std::string(name));
  }
  [[nodiscard]] std::string node_of(std::string_view name) const override {
    return here(name) ? "node" : "other";
  }
  [[nodiscard]] std::unique_ptr<watch> on_change(std::function<void()> changed) const override {
    return changes_.listen(std::move(changed));
  }

  /// `announced`: the engine is told of it.
  void move_away(const std::string& name, bool announced = true) {
    {
      const std::lock_guard lock(mutex_);
      elsewhere_.insert(name);
    }
    if (announced) changes_.notify();
  }
  void move_here(const std::string& name) {
    {
      const std::lock_guard lock(mutex_);
      elsewhere_.erase(name);
    }
    changes_.notify();
  }

 private:
  mutable std::mutex mutex_;
  std::set<std::string> elsewhere_;
  notifier changes_;
};

/// A node with a peer that answers everything with its name.
struct sharing_node {
  explicit sharing_node(engine_options tuned = {}) : box(with_peer(std::move(tuned))) {}
  ~sharing_node() { box.actors->stop(); }

  engine_options with_peer(engine_options tuned) {
    tuned.shared.where = &where;
    tuned.shared.forward = [this](command one, const completion& done,
                                  sharing::carry_out carry_out) {
      ++forwarded;
      if (peer_is_away) {
        carry_out(std::move(one), done);
        return;
      }
      command_outcome outcome;
      outcome.status = outcome_status::accepted;
      outcome.detail = "by the other node";
      done(std::move(outcome));
    };
    return tuned;
  }

  bool has_handler(const std::string& id) {
    return box.actors->actor("/features/counting/command-handlers/" + id).has_value();
  }

  /// What becomes of a command that another node has sent here.
  std::string status_of_sent_here(const std::string& id, int amount) {
    std::promise<command_outcome> answer;
    box.actors->submit_here(box.make(id, "Add", {{"amount", amount}}),
                            [&](command_outcome outcome) { answer.set_value(std::move(outcome)); });
    return to_string(answer.get_future().get().status);
  }

  told_placement where;
  std::atomic<int> forwarded{0};
  std::atomic<bool> peer_is_away{false};
  node_in_a_box box;
};

/// The same with a projector whose view other nodes share.
struct node_with_shared_view : sharing_node {
  node_with_shared_view() { restart(); }

  void restart() {
    box.actors.reset();
    box.actors = make(box.options);
    box.actors->start();
  }
  std::unique_ptr<engine> make(const engine_options& options) {
    return std::make_unique<engine>(
        options, box.features,
        std::vector<bound_projection>{
            {"counting", box.features[0].projections()[0], box.views.get(), true}},
        box.log, box.time);
  }
  bool is_at_head() { return box.projection().position == *box.log.head("counting"); }
};

BOOST_AUTO_TEST_SUITE(nodes_that_share)

BOOST_AUTO_TEST_CASE(a_command_for_an_entity_of_another_node_goes_there) {
  sharing_node node;
  node.where.move_away("counting.b");
  BOOST_TEST(node.box.add("a", 1).detail == "");
  BOOST_TEST(node.box.add("b", 1).detail == "by the other node");
  BOOST_TEST(node.forwarded == 1);
  BOOST_TEST(node.box.total("b") == 0);
  BOOST_TEST(!node.has_handler("b"));
}

BOOST_AUTO_TEST_CASE(what_the_owner_cannot_take_is_carried_out_here) {
  sharing_node node;
  node.where.move_away("counting.a");
  node.peer_is_away = true;
  BOOST_TEST(to_string(node.box.add("a", 2).status) == "accepted");
  BOOST_TEST(node.forwarded == 1);
  BOOST_TEST(node.box.total("a") == 2);
}

BOOST_AUTO_TEST_CASE(what_a_peer_has_sent_goes_no_further) {
  sharing_node node;
  node.where.move_away("counting.a");
  BOOST_TEST(node.status_of_sent_here("a", 3) == "accepted");
  BOOST_TEST(node.forwarded == 0);
  BOOST_TEST(node.box.total("a") == 3);
}

BOOST_AUTO_TEST_CASE(a_handler_goes_when_its_entity_moves_and_no_other_does) {
  sharing_node node;
  for (const char* id : {"a", "b"}) node.box.add(id, 1);
  node.where.move_away("counting.a");
  BOOST_TEST(node.box.eventually([&] { return !node.has_handler("a"); }));
  BOOST_TEST(node.has_handler("b"));
  BOOST_TEST(node.box.actors->counts().moved == 1U);
}

BOOST_AUTO_TEST_CASE(a_busy_handler_finishes_what_it_has_before_it_goes) {
  sharing_node node;
  std::promise<void> appending;
  std::promise<void> go_on;
  node.box.log.interfere = [&, first = true, gate = go_on.get_future().share()](
                               std::span<const append_request>) mutable {
    if (std::exchange(first, false)) {
      appending.set_value();
      gate.wait();
    }
    return std::nullopt;
  };
  auto answer = node.box.submit(node.box.make("a", "Add", {{"amount", 1}}));
  appending.get_future().get();
  node.where.move_away("counting.a");
  BOOST_TEST(node.has_handler("a"));
  go_on.set_value();
  BOOST_TEST(to_string(answer.get().status) == "accepted");
  BOOST_TEST(node.box.eventually([&] { return !node.has_handler("a"); }));
  BOOST_TEST(node.box.total("a") == 1);
}

BOOST_AUTO_TEST_CASE(a_stale_owner_that_loses_a_race_sends_its_commands_to_the_new_one) {
  sharing_node node;
  node.box.add("a", 1);
  append_foreign(node.box.log.inner, {"counting", "a"}, 10, "foreign");
  // It moves between the two looks at where it is: the command is here, and its append loses.
  node.box.log.interfere = [&](std::span<const append_request>) {
    node.where.move_away("counting.a", false);
    return std::nullopt;
  };
  BOOST_TEST(node.box.add("a", 2).detail == "by the other node");
  BOOST_TEST(node.box.total("a") == 11);
  BOOST_TEST(node.box.actors->counts().rescued == 0U);
  BOOST_TEST(node.box.eventually([&] { return !node.has_handler("a"); }));
}

BOOST_AUTO_TEST_CASE(a_node_that_was_sent_a_command_decides_it_again_itself_after_a_lost_race) {
  sharing_node node;
  node.box.add("a", 1);
  append_foreign(node.box.log.inner, {"counting", "a"}, 10, "foreign");
  node.box.log.interfere = [&](std::span<const append_request>) {
    node.where.move_away("counting.a", false);
    return std::nullopt;
  };
  BOOST_TEST(node.status_of_sent_here("a", 2) == "accepted");
  BOOST_TEST(node.forwarded == 0);
  BOOST_TEST(node.box.total("a") == 13);
}

BOOST_AUTO_TEST_CASE(a_view_of_its_own_is_kept_up_wherever_its_name_belongs) {
  sharing_node node;
  node.where.move_away("projector/totals");
  node.box.add("a", 4);
  node.box.await_view();
  BOOST_TEST(node.box.row("a").at("total") == 4);
}

BOOST_AUTO_TEST_CASE(a_projector_of_another_node_stands_by_follows_the_view_and_takes_over) {
  node_with_shared_view node;
  node.box.add("a", 1);
  BOOST_REQUIRE(node.box.eventually([&] { return node.is_at_head(); }));
  node.where.move_away("projector/totals");
  BOOST_REQUIRE(node.box.eventually([&] { return node.box.projection().status == "standby"; }));
  BOOST_TEST(node.box.projection().owner == "other");

  node.box.add("a", 2);
  const auto head = *node.box.log.head("counting");
  // As the other node does.
  auto moved = node.box.views->begin("totals", *node.box.views->checkpoint("totals"), head);
  const json row = {{"id", "a"}, {"total", 3}};
  BOOST_REQUIRE((*moved)->upsert({"totals", "id"}, std::span(&row, 1)));
  BOOST_REQUIRE((*moved)->commit());
  BOOST_TEST(
      node.box.actors->await_projection("totals", head, node.box.time.monotonic() + patience));
  BOOST_TEST(node.box.projection().events == 1U);

  node.where.move_here("projector/totals");
  node.box.add("a", 4);
  BOOST_REQUIRE(node.box.eventually([&] { return node.is_at_head(); }));
  BOOST_TEST(node.box.projection().status == "running");
  BOOST_TEST(node.box.projection().owner == "");
  BOOST_TEST(node.box.row("a").at("total") == 7);
}

BOOST_AUTO_TEST_CASE(of_two_that_run_one_projector_one_steps_back) {
  node_with_shared_view node;
  // Both of them believe that it is theirs.
  auto second = node.make(node.box.options);
  second->start();
  for (int i = 1; i <= 200; ++i) node.box.add("e" + std::to_string(i % 7), 1);
  const auto head = *node.box.log.head("counting");
  const auto deadline = node.box.time.monotonic() + patience;
  BOOST_TEST(node.box.actors->await_projection("totals", head, deadline));
  BOOST_TEST(second->await_projection("totals", head, deadline));
  int sum = 0;
  for (int i = 0; i < 7; ++i) sum += node.box.row("e" + std::to_string(i)).at("total").get<int>();
  BOOST_TEST(sum == 200);
  for (const auto& one : {node.box.actors->projections().front(), second->projections().front()})
    BOOST_TEST(one.last_error == "");
  second->stop();
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe::host
