#include "runtime/node/verify_log.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "runtime/host/loaded_entity.hpp"

namespace troupe {
namespace {

constexpr std::size_t commits_per_read = 1000;

class log_verification {
 public:
  log_verification(const data_under_check& data, const aggregate_kernel& kernel,
                   const finding_sink& report, verified_counts& counts)
      : data_(data), log_(*data.log), kernel_(kernel), report_(report), counts_(counts) {}

  void run(const verification_progress& progress) {
    const auto end = log_.head(kernel_.category());
    for (position_t from = 0;;) {
      const auto commits = log_.read_category(kernel_.category(), from, commits_per_read);
      if (!commits) {
        report_({data_.log_name, "", from, commits.error().message});
        return;
      }
      for (const auto& commit : *commits) check(commit);
      if (end && !commits->empty()) progress(commits->back().position, *end);
      if (commits->size() < commits_per_read) return;
      from = commits->back().position + 1;
    }
  }

 private:
  void check(const recorded_commit& commit) {
    ++counts_.commits;
    if (commit.position <= last_position_) {
      found(commit, "it comes after position " + std::to_string(last_position_));
    }
    last_position_ = commit.position;
    check_events(commit);
    check_place_in_stream(commit);
    check_command(commit);
    if (commit.data.first_version == 1) {
      ++counts_.entities;
      check_snapshot(commit.data.stream);
    }
  }

  void check_events(const recorded_commit& commit) {
    counts_.events += commit.data.event_count;
    const auto events = decode(commit);
    if (!events) {
      found(commit, events.error().message);
      return;
    }
    for (const auto& event : *events) {
      if (auto readable = kernel_.readable(event.event); !readable) {
        found(commit, "event " + std::to_string(event.version) +
                          " cannot be read: " + readable.error().message);
      }
    }
  }

  /// The stream must show this commit, and right before it the one that ends at the version below.
  /// Asking the log for both needs no memory of millions of entities.
  void check_place_in_stream(const recorded_commit& commit) {
    const auto first = commit.data.first_version;
    const auto before = first > 1 ? first - 1 : 1;
    const auto held = log_.read_stream(commit.data.stream, before, 2);
    if (!held) {
      found(commit, held.error().message);
      return;
    }
    const auto own = std::ranges::find(*held, commit.position, &recorded_commit::position);
    if (own == held->end() || own->data.first_version != first) {
      found(commit, "its stream does not show it as version " + std::to_string(first));
    } else if (first > 1 && (own == held->begin() || held->front().data.last_version() != before)) {
      found(commit, "version " + std::to_string(before) + ", which comes before it, is missing");
    } else if (own != held->begin() && held->front().position >= commit.position) {
      found(commit, "version " + std::to_string(before) +
                        ", which comes before it, is at position " +
                        std::to_string(held->front().position));
    }
  }

  void check_command(const recorded_commit& commit) {
    const auto& id = commit.data.command_id;
    const auto known = log_.find_command(id);
    if (!known) {
      found(commit, known.error().message);
    } else if (!*known) {
      found(commit, "its command " + id + " cannot be found by its id");
    } else if ((*known)->position != commit.position ||
               (*known)->data.stream.category != commit.data.stream.category) {
      found(commit, "its command " + id + " is also in " + (*known)->data.stream.name() +
                        " at position " + std::to_string((*known)->position));
    }
  }

  void check_snapshot(const stream_id& stream) {
    const auto differs = [&](const snapshot& saved, const std::string& what) {
      report_({data_.snapshots_name, stream.name(), saved.position,
               "the snapshot of version " + std::to_string(saved.version) + ' ' + what});
    };
    const auto saved = log_.load_snapshot(stream);
    if (!saved) {
      report_({data_.snapshots_name, stream.name(), 0, saved.error().message});
      return;
    }
    if (!*saved) return;
    const auto& state = **saved;
    if (!state.schema.starts_with(kernel_.state_fingerprint() + '@')) {
      ++counts_.outdated_snapshots;
      return;
    }
    ++counts_.snapshots;
    const auto folded =
        host::load_entity(log_, kernel_, stream, state.version, host::use_snapshots::no);
    // Events that cannot be read are reported where they are.
    if (!folded) return;
    if (folded->version != state.version) {
      differs(state,
              "is later than the stream, which ends at version " + std::to_string(folded->version));
    } else if (folded->position != state.position) {
      differs(state, "belongs to position " + std::to_string(folded->position));
    } else if (state.schema != host::snapshot_schema(kernel_, folded->last_command)) {
      // Of a history that a restored backup has ended: ignored and remade.
      --counts_.snapshots;
      ++counts_.outdated_snapshots;
    } else if (folded->state->state() != state.state) {
      differs(state, "is not what its events fold to");
    }
  }

  void found(const recorded_commit& commit, std::string what) const {
    report_({data_.log_name, commit.data.stream.name(), commit.position, std::move(what)});
  }

  const data_under_check& data_;
  event_log& log_;
  const aggregate_kernel& kernel_;
  const finding_sink& report_;
  verified_counts& counts_;
  position_t last_position_ = 0;
};

}  // namespace

void verify_log(const data_under_check& data, const aggregate_kernel& kernel,
                const finding_sink& report, verified_counts& counts,
                const verification_progress& progress) {
  log_verification(data, kernel, report, counts).run(progress);
}

}  // namespace troupe
