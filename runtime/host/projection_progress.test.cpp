#include "runtime/host/projection_progress.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe::host {
namespace {

struct one_that_fails {
  one_that_fails() {
    progress.reached(7, 1, 0, {});
    progress.failing("the database is away");
  }
  [[nodiscard]] bool fails() const { return progress.read({}).failing; }

  projection_progress progress;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(projections_that_fail, one_that_fails)

BOOST_AUTO_TEST_CASE(a_projector_fails_until_it_gets_on) {
  progress.restarted_at(7);
  BOOST_TEST(fails());
  progress.reached(8, 1, 0, {});
  BOOST_TEST(!fails());
}

BOOST_AUTO_TEST_CASE(a_projector_that_another_node_runs_does_not_fail_here) {
  progress.set_standby(true);
  BOOST_TEST(!fails());
}

BOOST_AUTO_TEST_CASE(a_projector_that_another_node_has_brought_further_does_not_fail_any_more) {
  progress.restarted_at(8);
  BOOST_TEST(!fails());
}

BOOST_AUTO_TEST_CASE(a_halted_one_stays_failing_until_it_is_resumed) {
  progress.halt("the log is older than the view");
  progress.set_standby(true);
  progress.restarted_at(8);
  BOOST_TEST(fails());
  progress.resume();
  BOOST_TEST(!fails());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::host
