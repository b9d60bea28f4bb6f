#include "runtime/core/migrator.hpp"

#include <boost/test/unit_test.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace troupe {
namespace {

using std::chrono::milliseconds;

const std::vector<migration> steps = {
    {1, "one", "up 1", "down 1"}, {2, "two", "up 2", "down 2"}, {5, "five", "up 5", "down 5"}};

/// A database that remembers what was done to it.
class fake_target final : public migration_target {
 public:
  result<void> lock(milliseconds) override {
    if (locked_elsewhere) return error{errc::unavailable, "timeout"};
    locked = true;
    if (others) state = *std::exchange(others, std::nullopt);
    return {};
  }
  void unlock() override { locked = false; }
  result<schema_state> read() override { return state; }
  result<void> write(const schema_state& to) override {
    BOOST_TEST(locked);
    state = to;
    return {};
  }
  result<void> run(const std::string& script) override {
    BOOST_TEST(state.dirty);
    if (script == fails) return error{errc::invalid, "no such column"};
    ran.push_back(script);
    return {};
  }

  schema_state state;
  bool locked = false;
  bool locked_elsewhere = false;
  std::optional<schema_state> others;  ///< What another one, who has the lock now, is about to do.
  std::string fails;
  std::vector<std::string> ran;
};

using texts = std::vector<std::string>;

class fixture {
 public:
  migrator moves() { return {target, steps, milliseconds(1)}; }
  [[nodiscard]] std::uint64_t version() const { return target.state.version.value_or(0); }

  fake_target target;
};

template <class T>
std::string refusal(const result<T>& answer) {
  BOOST_TEST_REQUIRE(!answer.has_value());
  return answer.error().message;
}

BOOST_AUTO_TEST_SUITE(migrations)

BOOST_FIXTURE_TEST_CASE(up_applies_what_is_missing_in_order_and_once, fixture) {
  BOOST_TEST(moves().up(1).value() == 1U);
  BOOST_TEST(version() == 1U);
  BOOST_TEST(moves().up().value() == 2U);
  BOOST_TEST((target.ran == texts{"up 1", "up 2", "up 5"}));
  BOOST_TEST(version() == 5U);
  BOOST_TEST(!target.state.dirty);
  BOOST_TEST(!target.locked);
  BOOST_TEST(moves().up().value() == 0U);
}

BOOST_FIXTURE_TEST_CASE(down_undoes_the_newest_first, fixture) {
  BOOST_TEST(moves().up().has_value());
  target.ran.clear();
  BOOST_TEST(moves().down(1).value() == 1U);
  BOOST_TEST(version() == 2U);
  BOOST_TEST(moves().down().value() == 2U);
  BOOST_TEST((target.ran == texts{"down 5", "down 2", "down 1"}));
  BOOST_TEST((target.state == schema_state{}));
  BOOST_TEST(moves().down().value() == 0U);
}

BOOST_FIXTURE_TEST_CASE(going_to_a_version_goes_either_way, fixture) {
  BOOST_TEST(moves().go_to(2).value() == 2U);
  BOOST_TEST(moves().go_to(5).value() == 1U);
  BOOST_TEST(moves().go_to(5).value() == 0U);
  BOOST_TEST(moves().go_to(1).value() == 2U);
  BOOST_TEST((target.ran == texts{"up 1", "up 2", "up 5", "down 5", "down 2"}));
  BOOST_TEST(refusal(moves().go_to(3)).starts_with("no migration found for version 3"));
}

BOOST_FIXTURE_TEST_CASE(a_limit_beyond_the_last_migration_is_told, fixture) {
  BOOST_TEST(refusal(moves().up(5)).starts_with("limit 2 short"));
  BOOST_TEST(version() == 5U);
  BOOST_TEST(refusal(moves().up(1)).starts_with("file does not exist"));
  BOOST_TEST(moves().up(0).value() == 0U);
  BOOST_TEST(refusal(moves().down(4)).starts_with("limit 1 short"));
  BOOST_TEST(refusal(moves().down(1)).starts_with("file does not exist"));
}

BOOST_FIXTURE_TEST_CASE(a_step_that_fails_leaves_the_database_dirty_until_it_is_forced, fixture) {
  target.fails = "up 2";
  BOOST_TEST(refusal(moves().up()) == "migration 2 'two' failed: no such column");
  BOOST_TEST((target.state == schema_state{2, true}));
  BOOST_TEST(!target.locked);
  target.fails.clear();
  for (const auto& answer : {moves().up(), moves().down(), moves().go_to(1)}) {
    const auto why = refusal(answer);
    BOOST_TEST(why.starts_with("Dirty database version 2. Fix and force version"), why);
    BOOST_TEST(why.find("force") != std::string::npos);
  }
  BOOST_TEST(moves().force(1).has_value());
  BOOST_TEST(moves().up().value() == 2U);
}

BOOST_FIXTURE_TEST_CASE(undoing_the_first_step_in_vain_is_dirty_too, fixture) {
  BOOST_TEST(moves().up(1).has_value());
  target.fails = "down 1";
  BOOST_TEST(refusal(moves().down()).starts_with("undoing migration 1"));
  BOOST_TEST((target.state == schema_state{std::nullopt, true}));
  BOOST_TEST(refusal(moves().up()).starts_with("Dirty database version -1"));
  BOOST_TEST(moves().force(std::nullopt).has_value());
  BOOST_TEST((target.state == schema_state{}));
}

BOOST_FIXTURE_TEST_CASE(a_version_of_another_directory_is_refused, fixture) {
  target.state = {3, false};
  BOOST_TEST(refusal(moves().up()).starts_with("no migration found for version 3"));
  BOOST_TEST(target.ran.empty());
}

BOOST_FIXTURE_TEST_CASE(nothing_is_done_while_another_migrates, fixture) {
  target.locked_elsewhere = true;
  BOOST_TEST(refusal(moves().up()) == "timeout");
  BOOST_TEST(refusal(moves().force(1)) == "timeout");
  BOOST_TEST(target.ran.empty());
}

BOOST_FIXTURE_TEST_CASE(a_node_brings_up_or_checks, fixture) {
  const auto behind = bring_up(target, steps, migration_mode::check, "do this");
  BOOST_TEST(refusal(behind) == "the database is at migration none and has to be at 5; do this");
  BOOST_TEST(target.ran.empty());
  BOOST_TEST(bring_up(target, steps, migration_mode::apply, "").has_value());
  BOOST_TEST(bring_up(target, steps, migration_mode::check, "").has_value());
  target.state = {6, false};
  const auto ahead = bring_up(target, steps, migration_mode::apply, "");
  BOOST_TEST(refusal(ahead).find("knows 5") != std::string::npos);
  BOOST_TEST((ahead.error().code == errc::unsupported));
  target.state = {5, true};
  BOOST_TEST(refusal(bring_up(target, steps, migration_mode::apply, "")).starts_with("Dirty"));
}

BOOST_FIXTURE_TEST_CASE(a_node_waits_for_another_that_is_in_the_middle_of_a_migration, fixture) {
  for (const auto mode : {migration_mode::apply, migration_mode::check}) {
    target.state = {2, true};
    target.others = schema_state{5, false};
    BOOST_TEST(bring_up(target, steps, mode, "").has_value());
    BOOST_TEST(!target.locked);
  }
  BOOST_TEST(target.ran.empty());
  target.state = {2, true};
  target.locked_elsewhere = true;
  BOOST_TEST(refusal(bring_up(target, steps, migration_mode::apply, "")) == "timeout");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
