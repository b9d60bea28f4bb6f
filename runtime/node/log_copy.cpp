#include "runtime/node/log_copy.hpp"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "runtime/node/commit_reader.hpp"
#include "runtime/node/content_hash.hpp"

namespace troupe {
namespace {

using copy_step = copy_progress::step;

constexpr std::size_t commits_per_append = 256;
constexpr std::size_t bytes_per_append = std::size_t{4} << 20U;
/// A target may refuse a commit for its size: then nothing behind it may be under way.
constexpr std::size_t bytes_that_go_alone = std::size_t{256} << 10U;
/// Commits between two reports of a step that only reads.
constexpr std::uint64_t commits_per_report = 1000;

constexpr auto end_of_log = std::numeric_limits<position_t>::max();

/// "version 2 of identity.4711 at position 17"
std::string place_of(const recorded_commit& one) {
  return "version " + std::to_string(one.data.first_version) + " of " + one.data.stream.name() +
         " at position " + std::to_string(one.position);
}

/// What differs between two commits; nullptr when nothing does.
const char* difference(const commit& one, const commit& other) {
  if (one.stream != other.stream) return "stream";
  if (one.first_version != other.first_version) return "version";
  if (one.event_count != other.event_count) return "number of events";
  if (one.command_id != other.command_id) return "command id";
  if (one.digest != other.digest) return "digest";
  if (one.time != other.time) return "time";
  if (one.body != other.body) return "body";
  return nullptr;
}

/// Commits for one `append` that every log stores in their order, although requests are independent
/// of each other and an entity's commits may have to wait for each other: each entity is there
/// once, only the last one may go on.
class ordered_batch {
 public:
  [[nodiscard]] bool empty() const { return requests_.empty(); }
  [[nodiscard]] std::size_t size() const { return size_; }

  [[nodiscard]] bool takes(const commit& next) const {
    if (empty()) return true;
    if (size_ >= commits_per_append || bytes_ + next.body.size() > bytes_per_append) return false;
    if (largest_ >= bytes_that_go_alone || next.body.size() >= bytes_that_go_alone) return false;
    const auto& last = requests_.back().commits;
    if (next.stream == last.front().stream) return true;
    return last.size() == 1 && !entities_.contains(next.stream);
  }

  void add(commit next) {
    ++size_;
    bytes_ += next.body.size();
    largest_ = std::max(largest_, next.body.size());
    if (entities_.insert(next.stream).second) requests_.emplace_back();
    requests_.back().commits.push_back(std::move(next));
  }

  [[nodiscard]] const std::vector<append_request>& requests() const { return requests_; }

 private:
  std::vector<append_request> requests_;
  std::set<stream_id> entities_;
  std::size_t size_ = 0;
  std::size_t bytes_ = 0;
  std::size_t largest_ = 0;
};

error not_stored(const commit& one, const error& why) {
  auto text = "version " + std::to_string(one.first_version) + " of " + one.stream.name();
  switch (why.code) {
    case errc::conflict:
      return {why.code, text + " does not fit into the target (" + why.message +
                            "): either the source has lost events, which 'troupe check' finds, or "
                            "somebody else writes to the target"};
    case errc::in_doubt:
    case errc::unavailable:
      return {why.code, text + " may be stored or not: " + why.message +
                            "; run the same command again, it goes on where the target ends"};
    default:
      return {why.code, text + " cannot be stored in the target: " + why.message};
  }
}

}  // namespace

log_copy::log_copy(event_log& source, event_log& target,
                   std::function<void(const copy_progress&)> tell)
    : source_(source), target_(target), tell_(std::move(tell)) {}

void log_copy::tell(copy_step now, const copied_category& one, std::uint64_t commits,
                    position_t position, position_t end) const {
  tell_({now, one.category, commits, position, end});
}

result<void> log_copy::compare(const std::string& category) {
  copied_category one;
  one.category = category;
  const auto source_head = source_.head(category);
  if (!source_head) return source_head.error();
  const auto target_head = target_.head(category);
  if (!target_head) return target_head.error();
  one.source_head = *source_head;
  commit_reader source(source_, "the source", category, 0, *source_head);
  commit_reader target(target_, "the target", category, 0, *target_head);
  for (;;) {
    const auto there = target.next();
    if (!there) return there.error();
    if (!*there) break;
    const auto own = source.next();
    if (!own) return own.error();
    if (!*own) {
      return error{errc::conflict, "the target holds more of category '" + category +
                                       "' than the source, from " + place_of(**there) +
                                       " on: it has been used since, or is not a copy of this "
                                       "source; choose an empty target"};
    }
    if (const auto* what = difference((*own)->data, (*there)->data)) {
      const auto elsewhere = source_.find_command((*there)->data.command_id);
      const bool another_order =
          elsewhere && *elsewhere && difference((*elsewhere)->data, (*there)->data) == nullptr;
      return error{errc::conflict,
                   "the target has " + place_of(**there) + " where the source has " +
                       place_of(**own) + " (another " + what + "): " +
                       (another_order ? "it is a copy that was stored in another order; remove it "
                                        "and copy again"
                                      : "it holds other data; choose an empty target")};
    }
    if (++one.present % commits_per_report == 0) {
      tell(copy_step::comparing, one, one.present, target.position(), *target_head);
    }
  }
  one.commits = one.present;
  one.source_position = source.position();
  one.target_position = target.position();
  categories_.push_back(std::move(one));
  return {};
}

result<void> log_copy::store(copied_category& one) {
  commit_reader source(source_, "the source", one.category, one.source_position + 1,
                       one.source_head);
  ordered_batch batch;
  position_t last_in_batch = one.source_position;
  const auto flush = [&]() -> result<void> {
    const auto answers = target_.append(batch.requests(), {});
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const auto& [positions, failure] = answers[i];
      if (failure) {
        return not_stored(batch.requests()[i].commits.at(positions.size()), *failure);
      }
      for (const auto position : positions) {
        if (position <= one.target_position) {
          return error{errc::corrupt, "the target has stored commits of category '" + one.category +
                                          "' in another order than they were sent in (position " +
                                          std::to_string(position) + " behind " +
                                          std::to_string(one.target_position) +
                                          "); remove what is in the target and copy again"};
        }
        one.target_position = position;
      }
    }
    one.source_position = last_in_batch;
    one.commits += batch.size();
    batch = {};
    tell(copy_step::copying, one, one.commits - one.present, one.source_position, one.source_head);
    return {};
  };
  for (;;) {
    auto next = source.next();
    if (!next) return next.error();
    if (*next && (*next)->data.first_version == 0) {
      return error{errc::corrupt,
                   "the message at position " + std::to_string((*next)->position) + " of " +
                       (*next)->data.stream.name() +
                       " in the source is not this runtime's: it has no version, and "
                       "cannot be copied"};
    }
    if (!batch.empty() && (!*next || !batch.takes((*next)->data))) {
      if (auto stored = flush(); !stored) return stored;
    }
    if (!*next) return {};
    last_in_batch = (*next)->position;
    batch.add(std::move((*next)->data));
  }
}

result<void> log_copy::verify(copied_category& one) {
  commit_reader source(source_, "the source", one.category, 0, one.source_head);
  commit_reader target(target_, "the target", one.category, 0, end_of_log);
  content_hash content;
  one.commits = one.events = one.entities = 0;
  for (;;) {
    const auto there = target.next();
    if (!there) return there.error();
    const auto own = source.next();
    if (!own) return own.error();
    if (!*there && !*own) break;
    if (!*own) {
      return error{errc::corrupt, "the target has a commit that the source has not, " +
                                      place_of(**there) + ": somebody else writes to the target"};
    }
    if (!*there) {
      return error{errc::corrupt, "the target lacks a commit of the source: " + place_of(**own)};
    }
    if (const auto* what = difference((*own)->data, (*there)->data)) {
      return error{errc::corrupt, "the target differs from the source in the " + std::string(what) +
                                      " of " + place_of(**there) + "; the source has " +
                                      place_of(**own)};
    }
    content.add((*there)->data);
    one.events += (*there)->data.event_count;
    if ((*there)->data.first_version == 1) ++one.entities;
    if (++one.commits % commits_per_report == 0) {
      tell(copy_step::verifying, one, one.commits, source.position(), one.source_head);
    }
  }
  one.content = content.text();
  return {};
}

}  // namespace troupe
