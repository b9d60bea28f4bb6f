#include "bridges/nats/category_reader.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

namespace troupe::nats {
namespace {

constexpr position_t first_chunk = 64;
constexpr position_t largest_chunk = 512;
/// As much is asked for at a time.
constexpr std::size_t chunk_bytes = std::size_t{8} << 20U;

error cut_short(const std::string& category, position_t end, position_t known) {
  return {errc::corrupt, "the log of '" + category + "' on the broker ends at position " +
                             std::to_string(end) + ", but it has been at " + std::to_string(known) +
                             ": it has lost its end or was replaced by an older copy; restart the "
                             "nodes, and rebuild the projections that are ahead of it"};
}

}  // namespace

result<std::vector<recorded_commit>> category_reader::read(const std::string& category,
                                                           position_t from, std::size_t limit) {
  std::vector<recorded_commit> found;
  auto in = streams_.find(category);
  if (!in) return std::move(in).error();
  if (!*in || limit == 0) return found;
  from = std::max<position_t>(from, 1);
  auto end = known(category).end;
  bool is_last =
      false;  // What this node knows of the end may be less than what others have stored.
  auto chunk = std::min<position_t>(first_chunk, limit);
  while (found.size() < limit) {
    if (from > end && !is_last) {
      auto asked = messages_.end(**in);
      if (!asked) return std::move(asked).error();
      if (*asked < end) return cut_short(category, *asked, end);
      end = *asked;
      is_last = true;
    }
    if (from > end) break;
    const auto last = from + std::min(chunk - 1, end - from);
    auto read = read_part(**in, category, from, last, end);
    if (!read) return std::move(read).error();
    const auto count = std::min(read->events.size(), limit - found.size());
    std::move(read->events.begin(), read->events.begin() + static_cast<std::ptrdiff_t>(count),
              std::back_inserter(found));
    chunk = std::clamp<position_t>(chunk_bytes / read->bytes_each, 1, largest_chunk);
    from = last + 1;
  }
  return found;
}

result<category_reader::part> category_reader::read_part(const stream_facts& in,
                                                         const std::string& category,
                                                         position_t first, position_t last,
                                                         position_t end) {
  part read;
  std::vector<position_t> unknown;
  {
    const std::lock_guard lock(mutex_);
    read.events = known_[category].recent.events(first, last, unknown);
  }
  if (unknown.empty()) return read;
  const auto messages = messages_.at_each(in, std::move(unknown));
  if (!messages) return messages.error();
  std::size_t bytes = 1;
  const std::lock_guard lock(mutex_);
  auto& recent = known_[category].recent;
  for (const auto& one : *messages) {
    bytes += body_of(*one.message).size();
    std::optional<recorded_commit> event;
    auto entity = names_.entity_of(category, one.subject);
    if (!entity.empty()) event = from_message(one, category, std::move(entity)).recorded;
    if (event) read.events.push_back(*event);
    // Whoever comes from far back does not come again.
    if (one.sequence + recent_positions::most > end) recent.add(one.sequence, std::move(event));
  }
  read.bytes_each = bytes / (messages->size() + 1) + 1;
  std::ranges::sort(read.events, {}, &recorded_commit::position);
  return read;
}

result<position_t> category_reader::head(const std::string& category) {
  auto in = streams_.find(category);
  if (!in) return std::move(in).error();
  if (!*in) return position_t{0};
  const auto before = known(category);
  const auto end = messages_.end(**in);
  if (!end) return end.error();
  if (*end < before.end) return cut_short(category, *end, before.end);
  // Backwards from the end: the last event is seldom far.
  auto head = before.head;
  for (auto last = *end; last > before.end && head == before.head;) {
    const auto first = std::max(before.end + 1, last - std::min(last - 1, first_chunk - 1));
    const auto messages = messages_.range(**in, first, last);
    if (!messages) return messages.error();
    for (const auto& one : *messages) {
      if (!names_.entity_of(category, one.subject).empty()) head = std::max(head, one.sequence);
    }
    last = first - 1;
  }
  const std::lock_guard lock(mutex_);
  auto& now = known_[category].ends;
  now.end = std::max(now.end, *end);
  now.head = std::max(now.head, head);
  return now.head;
}

void category_reader::learn(const commit& stored, position_t position) {
  recorded_commit recorded{stored, position};
  recorded.data.fresh_id = false;
  const std::lock_guard lock(mutex_);
  auto& [ends, recent] = known_[stored.stream.category];
  ends.end = std::max(ends.end, position);
  ends.head = std::max(ends.head, position);
  recent.add(position, std::move(recorded));
}

category_reader::known_end category_reader::known(const std::string& category) {
  const std::lock_guard lock(mutex_);
  return known_[category].ends;
}

}  // namespace troupe::nats
