#include "runtime/node/check_command.hpp"

#include <algorithm>
#include <ostream>
#include <utility>

#include "runtime/node/one_line.hpp"
#include "runtime/node/verify_log.hpp"
#include "runtime/node/verify_view.hpp"
#include "runtime/node/without_secrets.hpp"

namespace troupe {
namespace {

constexpr int clean = 0;
constexpr int damaged = 1;
constexpr int not_looked_at = 2;

/// Rows of a view in memory at a time.
constexpr std::size_t max_rows = 100'000;

/// How many findings the JSON document lists; all are counted.
constexpr std::size_t max_listed = 1'000;

std::string line_of(const finding& one) {
  auto line = one.file;
  if (!one.stream.empty()) line += ": stream " + one.stream;
  if (one.position > 0)
    line += (one.stream.empty() ? ": position " : ", position ") + std::to_string(one.position);
  return one_line(line + ": " + one.what);
}

json json_of(const finding& one) {
  return {{"file", one.file},
          {"stream", one.stream.empty() ? json(nullptr) : json(one.stream)},
          {"position", one.position == 0 ? json(nullptr) : json(one.position)},
          {"what", one.what}};
}

/// One run of the command.
class check_run {
 public:
  check_run(const check_command& asked, const command_output& output, const clock& time)
      : asked_(asked),
        out_(output.out),
        err_(output.err),
        terminal_(output.terminal),
        progress_(output.err, output.terminal, time) {}

  int operator()(const std::vector<feature>& features, const data_check& open) {
    const finding_sink report = [this](finding one) { take(std::move(one)); };
    say("verifying files");
    auto data = open(asked_.place, report);
    if (!data) {
      err_ << "troupe: " << one_line(without_secrets(data.error().message)) << '\n';
      return not_looked_at;
    }
    if (data->log) verify(features, *data, report);
    sum_up();
    return found_ == 0 ? clean : damaged;
  }

 private:
  void verify(const std::vector<feature>& features, const data_under_check& data,
              const finding_sink& report) {
    for (const auto& one : features) {
      for (const auto& aggregate : one.aggregates()) {
        const auto what = data.log_name + ": category " + aggregate.kernel->category();
        say(what);
        verify_log(data, *aggregate.kernel, report, counts_, progress(what));
      }
      for (const auto role : {database_role::views, database_role::microservice}) {
        verify_views(one, role, data, report);
      }
    }
  }

  void verify_views(const feature& one, database_role role, const data_under_check& data,
                    const finding_sink& report) {
    const bool any = std::ranges::any_of(one.projections(),
                                         [&](const projection& each) { return each.role == role; });
    if (!any) return;
    const auto file = data.views_name(one.name(), role);
    auto store = data.views->open(one.name(), role);
    if (!store) {
      if (store.error().code == errc::not_found) {
        say(file + ": not there; a node makes it from the log");
      } else {
        report({file, "", 0, store.error().message});
      }
      return;
    }
    for (const auto& each : one.projections()) {
      if (each.role != role) continue;
      const auto what = file + ": view " + each.kernel->name();
      say(what);
      verify_view(*data.log, {*each.kernel, **store, file}, max_rows, report, counts_,
                  progress(what));
    }
  }

  verification_progress progress(const std::string& what) {
    return [this, what](position_t reached, position_t end) {
      if (asked_.json && !terminal_) return;
      const auto part = end == 0 ? 1.0 : static_cast<double>(reached) / static_cast<double>(end);
      progress_.show(what, reached, "positions", part);
    };
  }

  void take(finding one) {
    ++found_;
    if (!asked_.json) {
      progress_.clear();
      out_ << line_of(one) << '\n';
    } else if (listed_.size() < max_listed) {
      listed_.push_back(json_of(one));
    }
  }

  void say(const std::string& what) {
    progress_.clear();
    if (!asked_.json) err_ << what << std::endl;
  }

  void sum_up() {
    progress_.clear();
    if (asked_.json) {
      const json document = {{"place", asked_.place},
                             {"status", found_ == 0 ? "clean" : "damaged"},
                             {"commits", counts_.commits},
                             {"events", counts_.events},
                             {"entities", counts_.entities},
                             {"snapshots", counts_.snapshots},
                             {"outdatedSnapshots", counts_.outdated_snapshots},
                             {"rows", counts_.rows},
                             {"parked", counts_.parked},
                             {"findings", listed_},
                             {"findingsTotal", found_}};
      out_ << document.dump(2, ' ', false, json::error_handler_t::replace) << '\n';
      return;
    }
    out_ << counts_.events << " events in " << counts_.commits << " commits of " << counts_.entities
         << " entities, " << counts_.snapshots << " snapshots, " << counts_.rows << " rows, "
         << counts_.parked << " parked events: ";
    if (found_ == 0) {
      out_ << "clean\n";
    } else {
      out_ << found_ << (found_ == 1 ? " finding\n" : " findings\n");
    }
  }

  const check_command& asked_;
  std::ostream& out_;
  std::ostream& err_;
  const bool terminal_;
  progress_line progress_;
  verified_counts counts_;
  std::uint64_t found_ = 0;
  json listed_ = json::array();
};

}  // namespace

int run_check(const check_command& asked, const std::vector<feature>& features,
              const data_check& open, const command_output& output, const clock& time) {
  return check_run(asked, output, time)(features, open);
}

}  // namespace troupe
