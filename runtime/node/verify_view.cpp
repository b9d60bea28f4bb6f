#include "runtime/node/verify_view.hpp"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

namespace troupe {
namespace {

constexpr std::size_t commits_per_replay = 1000;
constexpr std::size_t letters_per_read = 1000;
constexpr std::size_t rows_per_read = 1000;

/// Beyond this a part is not halved any more: its keys have the same hash.
constexpr std::uint64_t most_parts = std::uint64_t{1} << 40U;

/// Keys by their hash: those with `digest % of == number`. All of them at first; a part that turns
/// out too large is split in two.
struct part {
  std::uint64_t number = 0;
  std::uint64_t of = 1;

  [[nodiscard]] bool has(const std::string& key) const { return digest_of(key) % of == number; }
};

/// A row as the replay has it.
struct replayed_row {
  std::unique_ptr<row_fold> fold;
  std::string last_stream;
  position_t last_position = 0;
};

class view_verification {
 public:
  view_verification(event_log& log, const view_under_check& view, std::size_t max_rows,
                    const finding_sink& report, verified_counts& counts)
      : log_(log), view_(view), max_rows_(max_rows), report_(report), counts_(counts) {}

  void run(const verification_progress& progress) {
    if (auto read = read_checkpoint_and_letters(); !read) {
      found("", 0, read.error().message);
      return;
    }
    const auto head = log_.head(view_.kernel.category());
    if (!head) {
      found("", 0, head.error().message);
      return;
    }
    if (checkpoint_ > *head) {
      found("", checkpoint_,
            "the checkpoint of '" + view_.kernel.name() + "' is ahead of the log, which ends at " +
                std::to_string(*head) + "; rebuild the projection");
      return;
    }
    std::vector<part> parts{{}};
    for (bool first = true; !parts.empty(); first = false) {
      auto keys = parts.back();
      parts.pop_back();
      if (!replay(keys, parts, first, progress) || !compare(keys)) return;
    }
  }

 private:
  using place = std::pair<position_t, version_t>;

  result<void> read_checkpoint_and_letters() {
    const auto& name = view_.kernel.name();
    const auto checkpoint = view_.store.checkpoint(name);
    if (!checkpoint) return checkpoint.error();
    checkpoint_ = *checkpoint;
    for (std::uint64_t after = 0;;) {
      const auto letters = view_.store.dead_letters(name, after, letters_per_read);
      if (!letters) return letters.error();
      for (const auto& letter : *letters) {
        ++counts_.parked;
        if (letter.position > checkpoint_) {
          found(letter.stream.name(), letter.position,
                "an event is parked beyond the checkpoint " + std::to_string(checkpoint_));
        } else {
          parked_.emplace(place{letter.position, letter.version}, letter.key);
        }
      }
      if (letters->size() < letters_per_read) return {};
      after = letters->back().id;
    }
  }

  /// Folds the rows of one part. False if the log cannot be read.
  bool replay(part& keys, std::vector<part>& parts, bool first,
              const verification_progress& progress) {
    rows_.clear();
    blocked_.clear();
    first_ = first;
    auto unseen = first ? parked_ : decltype(parked_){};
    for (position_t from = 1; from <= checkpoint_;) {
      const auto commits = log_.read_category(view_.kernel.category(), from, commits_per_replay);
      if (!commits) {
        found("", from, commits.error().message);
        return false;
      }
      for (const auto& commit : *commits) {
        if (commit.position > checkpoint_) break;
        replay_commit(commit, keys, unseen);
        while (rows_.size() > max_rows_ && keys.of < most_parts) split(keys, parts);
      }
      if (!commits->empty()) progress(commits->back().position, checkpoint_);
      if (commits->size() < commits_per_replay) break;
      from = commits->back().position + 1;
    }
    for (const auto& [where, key] : unseen) {
      found("", where.first, "an event is parked under '" + key + "' that the log does not hold");
    }
    return true;
  }

  void replay_commit(const recorded_commit& commit, const part& keys,
                     std::map<place, std::string>& unseen) {
    const auto events = decode(commit);
    if (!events) {
      const place where{commit.position, commit.data.first_version};
      if (!parked(where, unseen)) not_accounted_for(commit, events.error().message);
      return;
    }
    for (const auto& event : *events) {
      if (!view_.kernel.handles(event.event.type)) continue;
      if (!parked({event.position, event.version}, unseen)) replay_event(commit, event, keys);
    }
  }

  bool parked(const place& where, std::map<place, std::string>& unseen) {
    const auto letter = parked_.find(where);
    if (letter == parked_.end()) return false;
    blocked_.insert(letter->second);
    unseen.erase(where);
    return true;
  }

  void replay_event(const recorded_commit& commit, const recorded_event& event, const part& keys) {
    try {
      const auto decoded = view_.kernel.decode(event);
      if (!decoded) {
        not_accounted_for(commit, decoded.error().message);
        return;
      }
      const auto& key = (*decoded)->key();
      if (first_ && (blocked_.contains(key) || blocked_.contains(event.stream.id))) {
        found(event.stream.name(), event.position,
              "an event was applied although an earlier one of '" + key + "' is parked");
      }
      if (!keys.has(key)) return;
      auto& row = rows_[key];
      if (!row.fold) row.fold = std::move(view_.kernel.fold(nullptr)).value();
      row.last_stream = event.stream.name();
      row.last_position = event.position;
      row.fold->apply(**decoded);
    } catch (const std::exception& problem) {
      not_accounted_for(commit, problem.what());
    }
  }

  void not_accounted_for(const recorded_commit& commit, const std::string& why) {
    if (!first_) return;
    found(commit.data.stream.name(), commit.position,
          "an event that cannot be applied is not parked: " + why);
  }

  /// Halves the part: the other half comes later, with a replay of its own.
  void split(part& keys, std::vector<part>& parts) {
    parts.push_back({keys.number + keys.of, keys.of * 2});
    keys.of *= 2;
    std::erase_if(rows_, [&](const auto& row) { return !keys.has(row.first); });
  }

  /// Compares the rows of one part with the stored ones. False if those cannot be read.
  bool compare(const part& keys) {
    const auto& table = view_.kernel.table();
    view_query query;
    query.limit = rows_per_read;
    do {
      auto page = view_.store.query(table, query);
      if (!page) {
        found("", 0, page.error().message);
        return false;
      }
      for (const auto& stored : page->rows) {
        const auto key = stored.value(table.key_column, std::string());
        if (keys.has(key)) compare_row(key, stored);
      }
      query.after = std::move(page->next);
    } while (!query.after.empty());
    for (const auto& [key, row] : rows_) {
      if (row.fold->row()) {
        found(row.last_stream, row.last_position,
              "row '" + key + "' of '" + table.name + "' is missing");
      }
    }
    return true;
  }

  void compare_row(const std::string& key, const json& stored) {
    ++counts_.rows;
    const auto name = "row '" + key + "' of '" + view_.kernel.table().name + "'";
    const auto replayed = rows_.find(key);
    const auto expected =
        replayed == rows_.end() ? std::optional<json>() : replayed->second.fold->row();
    if (!expected) {
      found("", 0, name + " should not be there");
      rows_.erase(key);
      return;
    }
    const auto& row = replayed->second;
    // Through the row's own type, so that a database's way of writing a value makes no difference.
    const auto read = view_.kernel.fold(&stored);
    if (!read) {
      found(row.last_stream, row.last_position, name + " cannot be read: " + read.error().message);
    } else if (const auto actual = (*read)->row(); actual != expected) {
      found(row.last_stream, row.last_position,
            name + " differs from the replay" + difference(actual.value_or(json()), *expected));
    }
    rows_.erase(replayed);
  }

  /// The first member that differs. Values are people's data: they stay out of the report.
  static std::string difference(const json& actual, const json& expected) {
    if (!actual.is_object() || !expected.is_object()) return "";
    for (const auto& [name, value] : expected.items()) {
      if (actual.value(name, json()) != value) return " in '" + name + "'";
    }
    return "";
  }

  void found(std::string stream, position_t position, std::string what) const {
    report_({view_.file, std::move(stream), position, std::move(what)});
  }

  event_log& log_;
  const view_under_check& view_;
  const std::size_t max_rows_;
  const finding_sink& report_;
  verified_counts& counts_;
  position_t checkpoint_ = 0;
  std::map<place, std::string> parked_;  ///< Key by place.
  std::set<std::string> blocked_;        ///< Keys with a parked event so far.
  std::unordered_map<std::string, replayed_row> rows_;
  bool first_ = true;  ///< What concerns no row is reported once.
};

}  // namespace

void verify_view(event_log& log, const view_under_check& view, std::size_t max_rows,
                 const finding_sink& report, verified_counts& counts,
                 const verification_progress& progress) {
  view_verification(log, view, max_rows, report, counts).run(progress);
}

}  // namespace troupe
