#include "runtime/core/notifier.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <thread>

namespace troupe {
namespace {

BOOST_AUTO_TEST_SUITE(notifiers)

BOOST_AUTO_TEST_CASE(every_listener_is_told_until_its_watch_ends) {
  const notifier growth;
  int first = 0;
  int second = 0;
  auto one = growth.listen([&] { ++first; });
  const auto other = growth.listen([&] { ++second; });
  growth.notify();
  one.reset();
  growth.notify();
  BOOST_TEST(first == 1);
  BOOST_TEST(second == 2);
}

BOOST_AUTO_TEST_CASE(a_watch_may_outlive_what_it_watches) {
  std::unique_ptr<watch> left;
  {
    const notifier growth;
    left = growth.listen([] {});
  }
  left.reset();
}

BOOST_AUTO_TEST_CASE(nobody_is_called_after_their_watch_has_ended) {
  const notifier growth;
  std::atomic<bool> done{false};
  std::thread notifying([&] {
    while (!done) growth.notify();
  });
  for (int round = 0; round < 1000; ++round) {
    auto listening = std::make_unique<std::atomic<bool>>(true);
    auto one = growth.listen([here = listening.get()] { *here = true; });
    one.reset();
    listening.reset();  // The address sanitizer sees a call that comes now.
  }
  done = true;
  notifying.join();
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
