#include "bridges/http/worker_pool.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <future>
#include <set>

using troupe::http::worker_pool;

BOOST_AUTO_TEST_SUITE(worker_pools)

BOOST_AUTO_TEST_CASE(no_task_waits_behind_another) {
  worker_pool pool(2);
  std::promise<void> go;
  const auto gone = go.get_future().share();
  BOOST_TEST(pool.run([gone] { gone.wait(); }));
  BOOST_TEST(pool.run([gone] { gone.wait(); }));
  BOOST_TEST(!pool.run([] { BOOST_ERROR("must not run"); }));
  go.set_value();
  std::promise<void> ran;
  while (!pool.run([&] { ran.set_value(); })) std::this_thread::yield();
  ran.get_future().wait();
}

BOOST_AUTO_TEST_CASE(idle_threads_are_used_again) {
  worker_pool pool(4);
  std::mutex mutex;
  std::set<std::thread::id> threads;
  for (int i = 0; i < 1000; ++i) {
    std::promise<void> ran;
    while (!pool.run([&] {
      const std::lock_guard lock(mutex);
      threads.insert(std::this_thread::get_id());
      ran.set_value();
    })) {
      std::this_thread::yield();
    }
    ran.get_future().wait();
  }
  BOOST_TEST(threads.size() <= 4U);
}

BOOST_AUTO_TEST_CASE(shutting_down_waits_for_what_runs_and_refuses_the_rest) {
  worker_pool pool(8);
  std::atomic<int> ran{0};
  for (int i = 0; i < 8; ++i) BOOST_TEST(pool.run([&] { ++ran; }));
  pool.shutdown();
  BOOST_TEST(ran == 8);
  BOOST_TEST(!pool.run([&] { ++ran; }));
  pool.shutdown();
}

BOOST_AUTO_TEST_SUITE_END()
