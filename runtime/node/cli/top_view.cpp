#include "runtime/node/cli/top_view.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <map>
#include <sstream>
#include <vector>

#include "runtime/node/cli/shown_answer.hpp"
#include "runtime/node/cli/table.hpp"
#include "runtime/node/cli/text.hpp"

namespace troupe {
namespace {

/// Actors when there is no end to the screen.
constexpr std::size_t most_actors = 20;

double number_at(const json& item, const char* member) {
  const auto found = item.find(member);
  return found != item.end() && found->is_number() ? found->get<double>() : 0;
}

std::string rounded(double value, int digits = 0) {
  std::ostringstream text;
  text.setf(std::ios::fixed);
  text.precision(digits);
  text << value;
  return text.str();
}

std::string duration_text(double seconds) {
  if (seconds < 120) return rounded(seconds) + " s";
  if (seconds < 7200) return rounded(seconds / 60) + " min";
  if (seconds < 172'800) return rounded(seconds / 3600) + " h";
  return rounded(seconds / 86'400) + " d";
}

/// What grows, per second between two samples.
class rates {
 public:
  rates(const node_sample& now, const node_sample* before) : now_(now), before_(before) {
    if (before != nullptr)
      seconds_ = std::chrono::duration<double>(now.time - before->time).count();
    if (before == nullptr || seconds_ <= 0) before_ = nullptr;
  }

  /// "120/s"; the total when there is only one sample.
  [[nodiscard]] std::string of(const char* metric) const {
    const auto total = metric_sum(now_.metrics, metric).value_or(0);
    const auto grown = growth(metric);
    return grown ? rounded(*grown / seconds_) + "/s" : rounded(total) + " in all";
  }

  /// How much it grew; nothing with one sample, or when the node has started anew.
  [[nodiscard]] std::optional<double> growth(const char* metric) const {
    if (before_ == nullptr) return std::nullopt;
    const auto grown = metric_sum(now_.metrics, metric).value_or(0) -
                       metric_sum(before_->metrics, metric).value_or(0);
    return grown < 0 ? std::nullopt : std::optional(grown);
  }

 private:
  const node_sample& now_;
  const node_sample* before_;
  double seconds_ = 0;
};

std::string health_of(const json& ready) {
  if (text_at(ready, "status") == "ok") return "ready";
  std::string why;
  for (const auto& check : ready.value("checks", json::array())) {
    if (check.value("ok", true)) continue;
    const auto detail = text_at(check, "detail");
    why +=
        (why.empty() ? "" : "; ") + text_at(check, "name") + (detail.empty() ? "" : ": " + detail);
  }
  return "NOT READY: " + why;
}

std::vector<std::string> head_of(const node_sample& now, const node_sample* before,
                                 const std::string& url) {
  const rates speed(now, before);
  const auto gauge = [&](const char* name) {
    return rounded(metric_sum(now.metrics, name).value_or(0));
  };
  auto commands = "commands  " + speed.of("troupe_commands_total") + ", " +
                  gauge("troupe_commands_in_flight") + " in flight, " +
                  gauge("troupe_commands_shed_total") + " shed";
  const auto count = speed.growth("troupe_command_duration_seconds_count");
  const auto time = speed.growth("troupe_command_duration_seconds_sum");
  if (count && time && *count > 0)
    commands += ", " + rounded(*time / *count * 1000, 1) + " ms on average";
  return {"troupe " + text_at(now.info, "version") + ", node " + text_at(now.info, "node") +
              ", up " + duration_text(number_at(now.info, "uptimeSeconds")) + ", " + url,
          health_of(now.ready), std::move(commands),
          "requests  " + speed.of("troupe_http_requests_total"),
          "entities  " + gauge("troupe_command_handlers_resident") + " in memory, " +
              gauge("troupe_command_handlers_awake") + " awake"};
}

std::string projection_table(const json& items, std::size_t columns) {
  text_table made({{"projection"},
                   {"status"},
                   {"lag", true},
                   {"behind", true},
                   {"events/s", true},
                   {"parked", true},
                   {"last error"}});
  for (const auto& item : items) {
    made.add({text_at(item, "name"), text_at(item, "status"), text_at(item, "lagEvents"),
              duration_text(number_at(item, "lagSeconds")),
              rounded(number_at(item, "eventsPerSecond")), text_at(item, "parked"),
              text_at(item, "lastError")});
  }
  return made.empty() ? "" : '\n' + made.text(columns);
}

/// Those with most to do first; then those that have done most since the sample before.
std::string actor_table(const node_sample& now, const node_sample* before, std::size_t rows,
                        std::size_t columns) {
  std::map<std::string, double> done_before;
  if (before != nullptr) {
    for (const auto& item : before->actors)
      done_before[text_at(item, "path")] = number_at(item, "processed");
  }
  struct line {
    const json* item;
    double mailbox;
    double done;
  };
  std::vector<line> lines;
  for (const auto& item : now.actors) {
    const auto known = done_before.find(text_at(item, "path"));
    const auto base = known == done_before.end() ? 0 : known->second;
    lines.push_back(
        {&item, number_at(item, "mailbox"), std::max(0.0, number_at(item, "processed") - base)});
  }
  std::ranges::stable_sort(lines, [](const line& a, const line& b) {
    return std::pair(a.mailbox, a.done) > std::pair(b.mailbox, b.done);
  });
  if (lines.size() > rows) lines.resize(rows);
  text_table made({{"actor"},
                   {"status"},
                   {"mailbox", true},
                   {"messages", true},
                   {"restarts", true},
                   {"last error"}});
  for (const auto& one : lines) {
    made.add({text_at(*one.item, "path"), text_at(*one.item, "status"),
              text_at(*one.item, "mailbox"), rounded(one.done), text_at(*one.item, "restarts"),
              text_at(*one.item, "lastError")});
  }
  return made.empty() ? "" : '\n' + made.text(columns);
}

/// No line that would be broken, and none that would scroll the screen.
std::string fitted(const std::string& screen, terminal_size size) {
  std::string shown;
  std::istringstream lines(screen);
  std::string line;
  for (std::size_t count = 1; std::getline(lines, line); ++count) {
    if (size.rows != 0 && count >= size.rows) break;
    shown += (size.columns == 0 ? line : elide_middle(line, size.columns)) + '\n';
  }
  return shown;
}

}  // namespace

std::optional<double> metric_sum(const std::string& exposition, const std::string& name) {
  std::optional<double> sum;
  std::istringstream lines(exposition);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(name)) continue;
    const auto behind = line[std::min(name.size(), line.size() - 1)];
    if (behind != ' ' && behind != '{') continue;
    // Labels may hold spaces; the value is behind the last of them.
    sum = sum.value_or(0) + std::strtod(line.c_str() + line.rfind(' '), nullptr);
  }
  return sum;
}

std::string top_screen(const node_sample& now, const node_sample* before, const std::string& url,
                       terminal_size size) {
  std::string screen;
  for (const auto& line : head_of(now, before, url)) screen += shown_text(line) + '\n';
  screen += projection_table(now.projections, size.columns);
  const auto used = static_cast<std::size_t>(std::ranges::count(screen, '\n'));
  constexpr std::size_t around_table = 3;  // An empty line, the titles, the cursor's line.
  const auto room = size.rows == 0                    ? most_actors
                    : size.rows > used + around_table ? size.rows - used - around_table
                                                      : 0;
  screen += actor_table(now, before, room, size.columns);
  return fitted(screen, size);
}

}  // namespace troupe
