#include "runtime/node/copy_command.hpp"

#include <algorithm>
#include <iomanip>
#include <optional>
#include <ostream>
#include <utility>
#include <vector>

#include "runtime/core/database_url.hpp"
#include "runtime/node/log_copy.hpp"
#include "runtime/node/one_line.hpp"

namespace troupe {
namespace {

constexpr int copied = 0;
constexpr int broken_off = 1;
constexpr int refused = 2;

constexpr const char* not_copied =
    "views, snapshots, kept answers of refused commands, waiting durable commands";

/// A place as it may be shown.
std::string shown(const std::string& place) {
  const auto url = parse_database_url(place);
  return url ? url->without_password() : place;
}

json json_of(const copied_category& one) {
  return {{"category", one.category},
          {"commits", one.commits},
          {"events", one.events},
          {"entities", one.entities},
          {"present", one.present},
          {"copied", one.commits - one.present},
          {"sourcePosition", one.source_position},
          {"targetPosition", one.target_position},
          {"content", one.content.empty() ? json(nullptr) : json(one.content)}};
}

const char* name_of(copy_progress::step step) {
  switch (step) {
    case copy_progress::step::comparing:
      return "comparing";
    case copy_progress::step::copying:
      return "copying";
    case copy_progress::step::verifying:
      return "verifying";
  }
  return "";
}

/// One run of the command.
class copy_run {
 public:
  copy_run(const copy_command& asked, const std::map<std::string, log_opener>& openers,
           const command_output& output, const clock& time)
      : asked_(asked),
        openers_(openers),
        output_(output),
        progress_(output.err, output.terminal, time) {}

  int operator()() {
    if (asked_.from == asked_.to) return fail(refused, "--to: is the same place as --from");
    auto source = open("--from", asked_.from, log_use::read);
    if (!source) return fail(refused, source.error().message);
    auto target = open("--to", asked_.to, log_use::write);
    if (!target) return fail(refused, target.error().message);
    for (const auto& category : target->categories) {
      if (std::ranges::binary_search(source->categories, category)) continue;
      const auto head = target->log->head(category);
      if (!head) return fail(refused, head.error().message);
      if (*head > 0) {
        return fail(refused, "the target holds category '" + category +
                                 "', which the source has not; choose an empty target");
      }
    }
    return copy(*source, *target);
  }

 private:
  result<opened_log> open(const std::string& flag, const std::string& place, log_use use) const {
    std::string scheme;
    if (const auto end = place.find("://"); end != std::string::npos) scheme = place.substr(0, end);
    const auto opener = openers_.find(scheme);
    if (opener == openers_.end()) {
      std::string known;
      for (const auto& [name, one] : openers_)
        known += name.empty() ? " a directory" : ", " + name + "://…";
      return error{errc::invalid,
                   flag + ": no log can be opened at " + scheme + "://; give" + known};
    }
    auto opened = opener->second(place, use);
    if (!opened) return error{opened.error().code, flag + ": " + opened.error().message};
    std::ranges::sort(opened->categories);
    return opened;
  }

  int copy(const opened_log& source, const opened_log& target) {
    log_copy work(*source.log, *target.log, [this](const copy_progress& now) { show(now); });
    work_ = &work;
    for (const auto& category : source.categories) {
      if (auto compared = work.compare(category); !compared) {
        return fail(refused, compared.error().message);
      }
    }
    for (auto& one : work.categories()) {
      if (auto stored = work.store(one); !stored) return fail(broken_off, stored.error().message);
    }
    for (auto& one : work.categories()) {
      if (auto equal = work.verify(one); !equal) return fail(broken_off, equal.error().message);
    }
    progress_.clear();
    bool grown = false;
    for (const auto& one : work.categories()) {
      const auto head = source.log->head(one.category);
      grown = grown || (head && *head > one.source_head);
    }
    if (asked_.json) {
      print_document("equal", grown, "");
    } else {
      print_table(grown);
    }
    return copied;
  }

  void show(const copy_progress& now) {
    if (asked_.json && !output_.terminal) return;
    const auto part =
        now.end == 0 ? 1.0 : static_cast<double>(now.position) / static_cast<double>(now.end);
    progress_.show(std::string(name_of(now.now)) + ' ' + now.category, now.commits, "commits",
                   part);
  }

  int fail(int status, const std::string& why) {
    progress_.clear();
    if (asked_.json) print_document("failed", false, one_line(why));
    output_.err << "troupe: " << one_line(why) << '\n';
    return status;
  }

  void print_document(const char* status, bool grown, const std::string& why) {
    json listed = json::array();
    if (work_ != nullptr) {
      for (const auto& one : work_->categories()) listed.push_back(json_of(one));
    }
    json document = {{"from", shown(asked_.from)},
                     {"to", shown(asked_.to)},
                     {"status", status},
                     {"categories", std::move(listed)},
                     {"sourceHasGrown", grown}};
    if (!why.empty()) document["error"] = why;
    output_.out << document.dump(2, ' ', false, json::error_handler_t::replace) << '\n';
  }

  void print_table(bool grown) {
    std::size_t widest = 8;
    for (const auto& one : work_->categories()) widest = std::max(widest, one.category.size());
    const auto row = [&](const std::string& name, const auto&... cells) {
      output_.out << std::left << std::setw(static_cast<int>(widest)) << name << std::right;
      ((output_.out << std::setw(10) << cells), ...);
    };
    row("category", "commits", "events", "entities", "copied");
    output_.out << "  content\n";
    for (const auto& one : work_->categories()) {
      row(one.category, one.commits, one.events, one.entities, one.commits - one.present);
      output_.out << "  " << one.content << '\n';
    }
    output_.out << "The target equals the source: every commit, in the same order.\n"
                << "Not copied: " << not_copied
                << ".\nStart nodes on the target with empty views, or rebuild every projection: "
                   "positions may differ.\n";
    if (grown) {
      output_.out << "The source has grown meanwhile: run the same command again to take the "
                     "rest.\n";
    }
  }

  const copy_command& asked_;
  const std::map<std::string, log_opener>& openers_;
  const command_output& output_;
  progress_line progress_;
  log_copy* work_ = nullptr;
};

}  // namespace

int run_copy(const copy_command& asked, const std::map<std::string, log_opener>& openers,
             const command_output& output, const clock& time) {
  return copy_run(asked, openers, output, time)();
}

}  // namespace troupe
