#include "bridges/jwt/key_ring.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>

#include "bridges/jwt/issuer.test.hpp"
#include "bridges/jwt/token_authenticator.hpp"
#include "runtime/testkit/manual_clock.hpp"

using namespace troupe;
using namespace troupe::jwt;
using namespace std::chrono_literals;

namespace {

/// How long a test waits for what must happen; it never decides whether something happened.
constexpr auto patience_of_tests = 60s;

/// Publishes keys, unless it is away; waits while it is closed.
class scripted_source final : public key_source {
 public:
  result<std::string> fetch(std::stop_token stopping) override {
    const std::stop_callback wake(stopping, [this] { changed_.notify_all(); });
    std::unique_lock lock(mutex_);
    ++begun_;
    changed_.notify_all();
    while (closed_ && !stopping.stop_requested()) changed_.wait_for(lock, 10ms);
    if (away_ || stopping.stop_requested()) return error{errc::unavailable, "away"};
    return json{{"keys", keys_}}.dump();
  }
  [[nodiscard]] const std::string& place() const override { return place_; }

  void publish(json keys) {
    const std::lock_guard lock(mutex_);
    keys_ = std::move(keys);
    away_ = false;
  }
  void set_away() {
    const std::lock_guard lock(mutex_);
    away_ = true;
  }
  void set_closed(bool closed) {
    const std::lock_guard lock(mutex_);
    closed_ = closed;
    changed_.notify_all();
  }
  int begun() {
    const std::lock_guard lock(mutex_);
    return begun_;
  }
  void wait_until_begun(int count) {
    std::unique_lock lock(mutex_);
    BOOST_REQUIRE(changed_.wait_for(lock, patience_of_tests, [&] { return begun_ >= count; }));
  }

 private:
  const std::string place_ = "a test";
  std::mutex mutex_;
  std::condition_variable changed_;
  json keys_ = json::array();
  bool away_ = false;
  bool closed_ = false;
  int begun_ = 0;
};

struct ringed {
  const signing_key& first = keys_made().first;
  const signing_key& second = keys_made().second;
  std::shared_ptr<scripted_source> source = std::make_shared<scripted_source>();
  std::shared_ptr<key_ring> ring = std::make_shared<key_ring>(source);
  testkit::manual_clock clock;
  token_authenticator tokens{ring, {"https://i/", "a"}, clock};

  static const std::pair<signing_key, signing_key>& keys_made() {
    static const std::pair made(signing_key::ec("first"), signing_key::ec("second"));
    return made;
  }

  [[nodiscard]] std::string token_by(const signing_key& key) const {
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(clock.now().time_since_epoch()).count();
    return signed_token(
        key, json{{"alg", "ES256"}, {"kid", key.id()}}.dump(),
        json{{"iss", "https://i/"}, {"aud", "a"}, {"sub", "s"}, {"exp", seconds + 60}}.dump());
  }
  token_verdict::outcome check(const signing_key& key, bool may_wait = true) {
    return tokens
        .check(token_by(key),
               may_wait ? authenticator::waiting::allowed : authenticator::waiting::forbidden)
        .what;
  }
};

using outcome = token_verdict::outcome;

}  // namespace

BOOST_FIXTURE_TEST_SUITE(key_rings, ringed)

BOOST_AUTO_TEST_CASE(keys_are_there_once_it_has_started) {
  source->publish({first.jwk()});
  BOOST_REQUIRE(ring->start(nullptr));
  BOOST_TEST((check(first, false) == outcome::accepted));
  BOOST_TEST(ring->describe().at("keys") == json({{"first", "ES256"}}));
  BOOST_TEST(ring->describe().at("lastError") == nullptr);
  BOOST_TEST(source->begun() == 1);
}

BOOST_AUTO_TEST_CASE(without_any_keys_nobody_is_judged) {
  source->set_away();
  BOOST_REQUIRE(ring->start(nullptr));
  BOOST_TEST((check(first) == outcome::unavailable));
  BOOST_TEST((check(first, false) == outcome::unavailable));
  BOOST_TEST(ring->describe().at("lastError") == "away");
}

BOOST_AUTO_TEST_CASE(unknown_keys_ask_for_one_fetch_and_not_for_another_at_once) {
  source->publish({first.jwk()});
  const auto begin = std::chrono::steady_clock::now();
  BOOST_REQUIRE(ring->start(nullptr));
  for (int i = 0; i < 1'000; ++i) BOOST_TEST((check(second, false) != outcome::accepted));
  const auto took = std::chrono::steady_clock::now() - begin;
  BOOST_TEST(source->begun() <= 2 + took / refresh_schedule::least_pause);
}

BOOST_AUTO_TEST_CASE(a_failing_issuer_leaves_the_keys_that_were_fetched) {
  source->publish({first.jwk()});
  BOOST_REQUIRE(ring->start(nullptr));
  source->set_away();
  const auto before = ring->now().fetches;
  ring->want_newer(before);
  ring->await_newer(before, std::chrono::steady_clock::now() + patience_of_tests);
  BOOST_TEST(ring->describe().at("lastError") == "away");
  BOOST_TEST((check(first) == outcome::accepted));
}

BOOST_AUTO_TEST_CASE(who_may_wait_gets_the_new_key_and_who_may_not_is_told_to) {
  source->publish({first.jwk()});
  BOOST_REQUIRE(ring->start(nullptr));
  source->publish({second.jwk()});
  source->set_closed(true);
  ring->want_newer(ring->now().fetches);
  source->wait_until_begun(2);
  BOOST_TEST((check(second, false) == outcome::must_wait));
  BOOST_TEST((check(first, false) == outcome::accepted), "good tokens wait for nothing");
  std::thread opening([this] { source->set_closed(false); });
  BOOST_TEST((check(second) == outcome::accepted));
  opening.join();
  BOOST_TEST((check(first, false) != outcome::accepted), "a key that is gone is good no more");
}

BOOST_AUTO_TEST_CASE(it_stops_within_a_fetch_and_starts_again) {
  source->publish({first.jwk()});
  BOOST_REQUIRE(ring->start(nullptr));
  BOOST_TEST(!ring->start(nullptr).has_value());
  source->set_closed(true);
  ring->want_newer(ring->now().fetches);
  source->wait_until_begun(2);
  ring->stop();
  ring->stop();
  source->set_closed(false);
  BOOST_REQUIRE(ring->start(nullptr));
  BOOST_TEST((check(first) == outcome::accepted));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(refresh_schedules)

BOOST_AUTO_TEST_CASE(however_often_keys_are_wanted_ten_fetches_fit_into_a_minute) {
  refresh_schedule schedule;
  monotonic_time now{1h};
  std::vector<monotonic_time> fetches;
  for (const auto end = now + 10min; now < end; now += 1ms) {
    if (now >= schedule.next()) {
      schedule.begin(now);
      fetches.push_back(now);
    }
    schedule.want();
  }
  BOOST_TEST(fetches.size() > 80U);
  for (std::size_t i = 10; i < fetches.size(); ++i)
    BOOST_TEST((fetches[i] - fetches[i - 10] >= 1min));
}

BOOST_AUTO_TEST_CASE(keys_that_nobody_asks_for_are_fetched_every_five_minutes) {
  refresh_schedule schedule;
  BOOST_TEST(schedule.may_begin(monotonic_time{}));
  schedule.begin(monotonic_time{1h});
  BOOST_TEST((schedule.next() == monotonic_time{1h + 5min}));
  BOOST_TEST(!schedule.may_begin(monotonic_time{1h + 6499ms}));
  BOOST_TEST(schedule.may_begin(monotonic_time{1h + 6500ms}));
  schedule.want();
  BOOST_TEST((schedule.next() == monotonic_time{1h + 6500ms}));
}

BOOST_AUTO_TEST_SUITE_END()
