#include "runtime/core/clock.hpp"

#include <rapidcheck.h>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "runtime/testkit/manual_clock.hpp"
#include "runtime/testkit/sequence_ids.hpp"

namespace troupe {
namespace {

using std::chrono::milliseconds;

timestamp at(std::int64_t millis) { return timestamp(milliseconds(millis)); }

BOOST_AUTO_TEST_SUITE(times)

BOOST_AUTO_TEST_CASE(a_time_is_written_in_utc_to_the_millisecond) {
  BOOST_TEST(format_time(at(0)) == "1970-01-01T00:00:00.000Z");
  BOOST_TEST(format_time(at(1'769'862'896'789)) == "2026-01-31T12:34:56.789Z");
  BOOST_TEST(format_time(at(-1)) == "1969-12-31T23:59:59.999Z");
  BOOST_TEST(format_time(at(951'782'400'000)) == "2000-02-29T00:00:00.000Z");
}

BOOST_AUTO_TEST_CASE(a_time_without_a_fraction_is_read) {
  BOOST_TEST((parse_time("2026-01-31T12:34:56Z").value() == at(1'769'862'896'000)));
  BOOST_TEST((parse_time("2026-01-31T12:34:56.789Z").value() == at(1'769'862'896'789)));
}

BOOST_AUTO_TEST_CASE(anything_else_is_refused) {
  for (const char* bad : {"",
                          "now",
                          "2026-01-31",
                          "2026-01-31T12:34:56",
                          "2026-01-31T12:34:56+00:00",
                          "2026-01-31 12:34:56Z",
                          "2026-02-29T00:00:00Z",
                          "2026-13-01T00:00:00Z",
                          "2026-00-01T00:00:00Z",
                          "2026-01-00T00:00:00Z",
                          "2026-01-32T00:00:00Z",
                          "2026-01-31T24:00:00Z",
                          "2026-01-31T23:60:00Z",
                          "2026-01-31T23:59:60Z",
                          "2026-01-31T12:34:56.7Z",
                          "2026-01-31T12:34:56.7890Z",
                          "2026-01-31T12:34:56,789Z",
                          "2026-01-31t12:34:56Z",
                          "2026-01-31T12:34:56z",
                          "-026-01-31T12:34:56Z",
                          "2026-01-31T12:34:5 Z",
                          "2026-01-31T12:34:56.-89Z",
                          "2026-1-31T12:34:56.00Z",
                          "02026-01-31T12:34:56Z",
                          "2026-01-31T12:34:56Z "}) {
    const auto parsed = parse_time(bad);
    BOOST_TEST_REQUIRE(!parsed.has_value(), bad);
    BOOST_TEST((parsed.error().code == errc::invalid));
  }
  BOOST_TEST(parse_time(std::string(100'000, '9')).error().message.size() < 200U);
}

BOOST_AUTO_TEST_CASE(every_time_of_four_digit_years_is_read_back_the_same_and_sorts_like_its_text) {
  constexpr std::int64_t year_0 = -62'167'219'200'000;
  constexpr std::int64_t year_10000 = 253'402'300'800'000;
  BOOST_TEST(rc::check([] {
    const auto one = at(*rc::gen::inRange(year_0, year_10000));
    const auto other = at(*rc::gen::inRange(year_0, year_10000));
    RC_ASSERT(parse_time(format_time(one)).value() == one);
    RC_ASSERT((one < other) == (format_time(one) < format_time(other)));
  }));
}

BOOST_AUTO_TEST_CASE(the_machines_clocks_tell_the_time) {
  const system_clock machine;
  const auto before = machine.monotonic();
  BOOST_TEST((machine.now() > parse_time("2024-01-01T00:00:00Z").value()));
  BOOST_TEST((machine.monotonic() >= before));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(fresh_ids)

BOOST_AUTO_TEST_CASE(an_id_is_a_uuid_version_7_of_its_millisecond) {
  const testkit::manual_clock clock(at(0x0123'4567'89ab));
  uuid_source source(clock);
  for (int i = 0; i < 1000; ++i) {
    const auto id = source.next();
    BOOST_TEST_REQUIRE(id.size() == 36U);
    BOOST_TEST_REQUIRE(id.substr(0, 15) == "01234567-89ab-7");
    BOOST_TEST_REQUIRE(id[18] == '-');
    BOOST_TEST_REQUIRE((id[19] == '8' || id[19] == '9' || id[19] == 'a' || id[19] == 'b'));
    BOOST_TEST_REQUIRE(id[23] == '-');
    BOOST_TEST_REQUIRE(id.find_first_not_of("0123456789abcdef-") == std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(later_ids_sort_behind_earlier_ones) {
  testkit::manual_clock clock;
  uuid_source source(clock);
  auto last = source.next();
  for (int i = 0; i < 1000; ++i) {
    clock.advance(milliseconds(1));
    auto next = source.next();
    BOOST_TEST_REQUIRE(last < next);
    last = std::move(next);
  }
}

BOOST_AUTO_TEST_CASE(no_two_ids_are_equal_whichever_thread_takes_them_in_the_same_millisecond) {
  const testkit::manual_clock clock;
  uuid_source source(clock);
  std::vector<std::vector<std::string>> taken(4);
  {
    std::vector<std::jthread> threads;
    threads.reserve(taken.size());
    for (auto& mine : taken) {
      threads.emplace_back([&source, &mine] {
        for (int i = 0; i < 5000; ++i) mine.push_back(source.next());
      });
    }
  }
  std::set<std::string> all;
  for (const auto& mine : taken) all.insert(mine.begin(), mine.end());
  BOOST_TEST(all.size() == 20'000U);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(testkit_time_and_ids)

BOOST_AUTO_TEST_CASE(manual_time_stands_still_until_it_is_moved) {
  testkit::manual_clock clock;
  BOOST_TEST(format_time(clock.now()) == "2026-01-01T00:00:00.000Z");
  const auto before = clock.monotonic();
  clock.advance(milliseconds(1500));
  BOOST_TEST(format_time(clock.now()) == "2026-01-01T00:00:01.500Z");
  BOOST_TEST((clock.monotonic() - before == milliseconds(1500)));
}

BOOST_AUTO_TEST_CASE(setting_the_wall_clock_back_leaves_monotonic_time_alone) {
  testkit::manual_clock clock;
  const auto before = clock.monotonic();
  clock.set(at(0));
  BOOST_TEST((clock.now() == at(0)));
  BOOST_TEST((clock.monotonic() == before));
}

BOOST_AUTO_TEST_CASE(sequence_ids_can_be_foreseen) {
  testkit::sequence_ids source;
  BOOST_TEST(source.next() == "00000000-0000-7000-8000-000000000001");
  BOOST_TEST(source.next() == testkit::sequence_ids::nth(2));
  BOOST_TEST(testkit::sequence_ids(16).next() == "00000000-0000-7000-8000-000000000010");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
