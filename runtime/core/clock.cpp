#include "runtime/core/clock.hpp"

#include <array>
#include <cstdio>
#include <random>

#include "runtime/core/made_id.hpp"

namespace troupe {
namespace {

/// Reads exactly `digits` decimal digits; -1 if they are not there.
int number_at(std::string_view text, std::size_t at, std::size_t digits) {
  if (at + digits > text.size()) return -1;
  int value = 0;
  for (const char c : text.substr(at, digits)) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

}  // namespace

std::string format_time(timestamp time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, 40> out{};
  const int size = std::snprintf(
      out.data(), out.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return {out.data(), static_cast<std::size_t>(size)};
}

result<timestamp> parse_time(std::string_view text) {
  const auto malformed = [&] {
    return error{errc::invalid, "'" + std::string(text.substr(0, 40)) +
                                    "' is not a UTC time like 2026-01-31T12:34:56.789Z"};
  };
  const bool punctuated = text.size() >= 20 && text[4] == '-' && text[7] == '-' &&
                          text[10] == 'T' && text[13] == ':' && text[16] == ':' &&
                          text.back() == 'Z';
  if (!punctuated) return malformed();
  int millis = 0;
  if (text.size() == 24) {
    if (text[19] != '.') return malformed();
    millis = number_at(text, 20, 3);
  } else if (text.size() != 20) {
    return malformed();
  }
  const int year = number_at(text, 0, 4);
  const int month = number_at(text, 5, 2);
  const int day = number_at(text, 8, 2);
  const int hour = number_at(text, 11, 2);
  const int minute = number_at(text, 14, 2);
  const int second = number_at(text, 17, 2);
  if (year < 0 || month < 0 || day < 0 || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
      second < 0 || second > 59 || millis < 0) {
    return malformed();
  }
  const std::chrono::year_month_day date(std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok()) return malformed();
  return timestamp(std::chrono::sys_days(date)) + std::chrono::hours(hour) +
         std::chrono::minutes(minute) + std::chrono::seconds(second) +
         std::chrono::milliseconds(millis);
}

timestamp system_clock::now() const {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

monotonic_time system_clock::monotonic() const { return std::chrono::steady_clock::now(); }

std::string uuid_source::next() {
  // Layout of RFC 9562, section 5.7: 48 bits of milliseconds, version, 12 bits of one's own,
  // variant, 62 random bits.
  thread_local std::mt19937_64 random{[] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device(),
                       device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }()};
  const auto millis = static_cast<std::uint64_t>(clock_.now().time_since_epoch().count());
  const std::uint64_t high = (millis << 16U) | mark_of_made_ids;
  const std::uint64_t low = (random() & 0x3fffffffffffffffULL) | 0x8000000000000000ULL;
  std::array<char, 40> out{};
  const int size = std::snprintf(
      out.data(), out.size(), "%08x-%04x-%04x-%04x-%012llx", static_cast<unsigned>(high >> 32U),
      static_cast<unsigned>((high >> 16U) & 0xffffU), static_cast<unsigned>(high & 0xffffU),
      static_cast<unsigned>(low >> 48U), static_cast<unsigned long long>(low & 0xffffffffffffULL));
  return {out.data(), static_cast<std::size_t>(size)};
}

}  // namespace troupe
