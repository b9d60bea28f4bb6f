// Every batch of a log is handed to a projector's store three times and in any order, as nodes do
// that hold on to old batches, were paused, or run one projector at the same time. The view must be
// the one that a single delivery in order makes.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "bridges/postgres/postgres_view_store.hpp"
#include "bridges/sqlite/sqlite_view_store.hpp"
#include "runtime/host/counter.test.hpp"
#include "runtime/host/projection_batch.hpp"
#include "runtime/testkit/memory_event_log.hpp"
#include "runtime/testkit/memory_view_provider.hpp"
#include "test/contract/contract.hpp"
#include "test/contract/postgres_server.hpp"
#include "test/contract/random_operations.hpp"
#include "test/contract/temporary_directory.hpp"

namespace troupe::contract {
namespace {

constexpr std::size_t commits = 60;
constexpr int entities = 7;
constexpr int times = 3;

/// A log of counters, and what their totals come to.
class counted_log {
 public:
  explicit counted_log(random_choices& choose) {
    std::map<std::string, version_t> versions;
    for (std::size_t i = 0; i < commits; ++i) {
      const auto id = "e" + std::to_string(choose.below(entities));
      std::vector<envelope> events(choose.below(3) + 1);
      for (auto& one : events) {
        const auto amount = static_cast<int>(choose.below(1000));
        one = {"event", "Added", json::object(), {{"amount", amount}}};
        totals_[id] += amount;
      }
      const append_request request{{{{"counting", id},
                                     versions[id] + 1,
                                     static_cast<std::uint32_t>(events.size()),
                                     "c" + std::to_string(i),
                                     0,
                                     encode_body(events),
                                     {}}}};
      versions[id] += events.size();
      BOOST_REQUIRE(!log_.append({&request, 1}, {}).front().failure);
    }
  }

  /// The commits from here on, at most so many.
  host::event_batch batch(position_t from, std::size_t count) {
    return must(host::read_batch(log_, "counting", from, count));
  }
  event_log& events() { return log_; }
  [[nodiscard]] const std::map<std::string, int>& totals() const { return totals_; }

 private:
  testkit::memory_event_log log_;
  std::map<std::string, int> totals_;
};

const feature counting_feature = counting::feature();
const projector_kernel& kernel() { return *counting_feature.projections().front().kernel; }

void migrate(view_store& store) {
  must(store.migrate(must(parse_migrations(counting_feature.migrations(database_role::views))),
                     migration_mode::apply));
}

std::map<std::string, int> totals_in(view_store& store) {
  std::map<std::string, int> totals;
  view_query all;
  all.limit = 1000;
  for (const auto& row : must(store.query(kernel().table(), all)).rows)
    totals[row.at("id")] = row.at("total");
  return totals;
}

/// Hands a batch to the store as a projector does that believes to be right before it. True if it
/// was applied; otherwise nothing was.
bool deliver(view_store& store, const host::event_batch& batch) {
  host::parking none;
  none.park_now = [](const host::event_place&) { return true; };
  const auto outcome = host::apply_batch(kernel(), store, batch.from - 1, batch, none, {});
  BOOST_TEST_REQUIRE(!std::holds_alternative<host::poison_event>(outcome));
  if (const auto* failure = std::get_if<error>(&outcome)) {
    BOOST_TEST(to_string(failure->code) == "conflict", failure->message);
    return false;
  }
  const auto& applied = std::get<host::applied_batch>(outcome);
  BOOST_TEST(applied.parked.empty());
  return true;
}

using opener = std::function<std::unique_ptr<view_store>()>;

void three_times_and_shuffled(const opener& open) {
  random_choices choose;
  counted_log log(choose);
  // Cut in three ways, so that batches also overlap; the last way has a batch for every commit.
  std::vector<host::event_batch> batches;
  for (const std::size_t largest : {20U, 7U, 1U}) {
    for (position_t from = 1; from <= commits;) {
      batches.push_back(log.batch(from, choose.below(largest) + 1));
      from = batches.back().last + 1;
    }
  }
  std::vector<const host::event_batch*> deliveries;
  for (const auto& one : batches) deliveries.insert(deliveries.end(), times, &one);
  const auto store = open();
  migrate(*store);
  std::mt19937_64 order(choose.bits());
  // What arrives too early is refused, and comes again: that is what "at least once" means.
  std::size_t applied = 0;
  while (must(store->checkpoint("totals")) < commits) {
    const auto before = applied;
    std::ranges::shuffle(deliveries, order);
    for (const auto* one : deliveries) applied += deliver(*store, *one) ? 1 : 0;
    BOOST_TEST_REQUIRE(applied > before, "no delivery is applied any more");
  }
  BOOST_TEST((totals_in(*store) == log.totals()), "TROUPE_SEED=" << choose.seed());
  std::ranges::shuffle(deliveries, order);
  for (const auto* one : deliveries) BOOST_TEST(!deliver(*store, *one));
  BOOST_TEST((totals_in(*store) == log.totals()), "TROUPE_SEED=" << choose.seed());
}

void three_at_the_same_time(const opener& open) {
  random_choices choose;
  counted_log log(choose);
  migrate(*open());
  std::vector<std::thread> runners;
  std::atomic<std::size_t> applied = 0;
  for (int i = 0; i < times; ++i) {
    // Boost.Test is not asked from several threads.
    runners.emplace_back(
        [&, store = std::shared_ptr<view_store>(open()), size = choose.below(20) + 1] {
          for (position_t reached = 0; reached < commits;) {
            const auto batch = host::read_batch(log.events(), "counting", reached + 1, size);
            host::parking none;
            none.park_now = [](const host::event_place&) { return true; };
            const auto outcome = host::apply_batch(kernel(), *store, reached, *batch, none, {});
            if (std::holds_alternative<host::applied_batch>(outcome)) {
              applied += batch->commits.size();
              reached = batch->last;
            } else {
              reached = store->checkpoint("totals").value();
            }
          }
        });
  }
  for (auto& one : runners) one.join();
  BOOST_TEST(applied == commits);
  BOOST_TEST((totals_in(*open()) == log.totals()), "TROUPE_SEED=" << choose.seed());
}

/// Opens one store again and again.
opener in_memory() {
  return [all = std::make_shared<testkit::memory_view_provider>()] {
    return must(all->open("counting", database_role::views));
  };
}

opener in_sqlite() {
  return [place = std::make_shared<temporary_directory>()] {
    return must(sqlite::open_view_store(*place / "views.db"));
  };
}

opener in_postgres() {
  return [url = postgres_server::shared().fresh_schema()] {
    return must(postgres::open_view_store(url));
  };
}

BOOST_AUTO_TEST_SUITE(repeated_delivery)

BOOST_AUTO_TEST_CASE(everything_three_times_and_shuffled_makes_the_same_view_in_memory) {
  three_times_and_shuffled(in_memory());
}
BOOST_AUTO_TEST_CASE(everything_three_times_and_shuffled_makes_the_same_view_in_sqlite) {
  three_times_and_shuffled(in_sqlite());
}
BOOST_AUTO_TEST_CASE(everything_three_times_and_shuffled_makes_the_same_view_in_postgres) {
  three_times_and_shuffled(in_postgres());
}
BOOST_AUTO_TEST_CASE(three_runners_at_the_same_time_make_the_same_view_in_memory) {
  three_at_the_same_time(in_memory());
}
BOOST_AUTO_TEST_CASE(three_runners_at_the_same_time_make_the_same_view_in_sqlite) {
  three_at_the_same_time(in_sqlite());
}
BOOST_AUTO_TEST_CASE(three_runners_at_the_same_time_make_the_same_view_in_postgres) {
  three_at_the_same_time(in_postgres());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe::contract
