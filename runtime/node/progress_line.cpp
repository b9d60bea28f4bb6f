#include "runtime/node/progress_line.hpp"

#include <algorithm>
#include <cmath>
#include <ostream>

namespace troupe {
namespace {

constexpr auto between_drawings = std::chrono::milliseconds(100);
constexpr auto between_lines = std::chrono::seconds(10);
constexpr int bar_width = 20;

std::string bar(double part) {
  const auto full = static_cast<std::size_t>(std::lround(part * bar_width));
  return '[' + std::string(full, '#') + std::string(bar_width - full, '.') + ']';
}

/// "42 s", "3 min"
std::string duration(double seconds) {
  return seconds < 120 ? std::to_string(std::lround(seconds)) + " s"
                       : std::to_string(std::lround(seconds / 60)) + " min";
}

}  // namespace

void progress_line::show(const std::string& what, std::uint64_t count, const char* things,
                         double part) {
  const auto now = clock_.monotonic();
  if (what != what_) {
    what_ = what;
    started_ = now;
    first_part_ = part;
    first_count_ = count;
    next_ = terminal_ ? now : now + between_lines;
  }
  if (now < next_) return;
  next_ = now + (terminal_ ? std::chrono::milliseconds(between_drawings)
                           : std::chrono::milliseconds(between_lines));
  part = std::clamp(part, 0.0, 1.0);
  auto line = what + ' ' + bar(part) + ' ' + std::to_string(std::lround(part * 100)) + " %, " +
              std::to_string(count) + ' ' + things;
  const auto seconds = std::chrono::duration<double>(now - started_).count();
  if (seconds > 0 && part > first_part_) {
    line += ", " +
            std::to_string(std::lround(static_cast<double>(count - first_count_) / seconds)) +
            "/s, " + duration(seconds / (part - first_part_) * (1 - part)) + " left";
  }
  if (terminal_) {
    out_ << "\r\x1b[K" << line << std::flush;  // Back to the start of the line, which is erased.
    drawn_ = true;
  } else {
    out_ << line << std::endl;
  }
}

void progress_line::clear() {
  if (drawn_) out_ << "\r\x1b[K" << std::flush;
  drawn_ = false;
}

}  // namespace troupe
