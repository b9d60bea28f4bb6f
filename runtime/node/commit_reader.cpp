#include "runtime/node/commit_reader.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace troupe {
namespace {

/// Commits may be a mebibyte each.
constexpr std::size_t commits_read_ahead = 256;

}  // namespace

commit_reader::commit_reader(event_log& log, std::string name, std::string category,
                             position_t from, position_t until)
    : log_(log),
      name_(std::move(name)),
      category_(std::move(category)),
      until_(until),
      position_(from == 0 ? 0 : from - 1) {}

result<void> commit_reader::fill() {
  auto read = log_.read_category(category_, position_ + 1, commits_read_ahead);
  if (!read) {
    return error{read.error().code, name_ + " cannot be read in category '" + category_ +
                                        "' behind position " + std::to_string(position_) + ": " +
                                        read.error().message};
  }
  ready_ = std::move(*read);
  taken_ = 0;
  at_end_ = ready_.empty();
  return {};
}

result<std::optional<recorded_commit>> commit_reader::next() {
  if (taken_ == ready_.size() && !at_end_ && position_ < until_) {
    if (auto filled = fill(); !filled) return filled.error();
  }
  if (taken_ == ready_.size() || ready_[taken_].position > until_) {
    return std::optional<recorded_commit>();
  }
  auto& found = ready_[taken_];
  if (found.position <= position_) {
    return error{errc::corrupt, name_ + " has position " + std::to_string(found.position) +
                                    " of category '" + category_ + "' behind position " +
                                    std::to_string(position_)};
  }
  position_ = found.position;
  ++taken_;
  return std::optional(std::move(found));
}

result<std::vector<recorded_event>> read_events(event_log& log, const std::string& category,
                                                position_t from, std::size_t limit) {
  auto commits = log.read_category(category, from, limit);
  if (!commits) return std::move(commits).error();
  std::vector<recorded_event> events;
  for (const auto& commit : *commits) {
    if (!events.empty() && events.size() + commit.data.event_count > limit) break;
    auto decoded = decode(commit);
    if (!decoded) return std::move(decoded).error();
    std::ranges::move(*decoded, std::back_inserter(events));
  }
  return events;
}

}  // namespace troupe
