#include "runtime/node/cli/shown_answer.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <vector>

#include "runtime/node/cli/table.hpp"
#include "runtime/node/cli/text.hpp"

namespace troupe {
namespace {

std::string value_text(const json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// Seconds, as precise as people care: "0.2 s", "12 s", "3 min", "5 h".
std::string seconds_text(const json& value) {
  if (!value.is_number()) return "";
  const auto seconds = value.get<double>();
  if (seconds < 10)
    return std::to_string(std::lround(seconds * 10) / 10) + '.' +
           std::to_string(std::lround(seconds * 10) % 10) + " s";
  if (seconds < 120) return std::to_string(std::lround(seconds)) + " s";
  if (seconds < 7200) return std::to_string(std::lround(seconds / 60)) + " min";
  return std::to_string(std::lround(seconds / 3600)) + " h";
}

const json& listed_items(const json& answer) {
  static const json none = json::array();
  const auto items = answer.find("items");
  return items != answer.end() && items->is_array() ? *items : none;
}

/// A column and the member that it shows.
struct shown_member {
  table_column column;
  const char* member;
};

/// A table of items; columns that all of them lack are left out.
std::string list(const json& items, const std::vector<shown_member>& members, std::size_t width,
                 const std::string& when_empty) {
  if (items.empty()) return when_empty + '\n';
  std::vector<table_column> columns;
  std::vector<const char*> names;
  for (const auto& one : members) {
    const bool any = std::ranges::any_of(
        items, [&](const json& item) { return !text_at(item, one.member).empty(); });
    if (!any) continue;
    columns.push_back(one.column);
    names.push_back(one.member);
  }
  text_table made(std::move(columns));
  for (const auto& item : items) {
    std::vector<std::string> cells;
    for (const auto* name : names) {
      const std::string_view member = name;
      cells.push_back(member == "lagSeconds" && item.contains(name) ? seconds_text(item[name])
                                                                    : text_at(item, name));
    }
    made.add(cells);
  }
  return made.text(width);
}

/// JSON over several lines, each harmless.
std::string pretty(const json& value) {
  std::istringstream lines(value.dump(2, ' ', false, json::error_handler_t::replace));
  std::string text;
  for (std::string line; std::getline(lines, line);) text += shown_text(line) + '\n';
  return text;
}

/// How a list ends that was cut at `--limit`.
std::string rest_of(const json& answer) {
  const auto shown = listed_items(answer).size();
  const auto total = answer.value("total", json());
  if (total.is_number_unsigned() && total.get<std::uint64_t>() > shown) {
    return std::to_string(shown) + " of " + total.dump() +
           "; --limit shows more, --kind and --path choose\n";
  }
  return text_at(answer, "next").empty() ? "" : "there are more; --limit shows them\n";
}

std::string outcome(const json& answer) {
  auto stream = text_at(answer, "stream");
  const auto events = answer.value("events", json::array());
  if (events.empty()) {
    return shown_text(stream) + ": nothing changed, it stays at version " +
           text_at(answer, "version") + '\n';
  }
  text_table made({{"event"}, {"version", true}, {"id"}});
  for (const auto& event : events)
    made.add({text_at(event, "type"), text_at(event, "version"), text_at(event, "id")});
  return shown_text(stream) + " is at version " + text_at(answer, "version") + ", stored at " +
         shown_text(text_at(answer, "position")) + '\n' + made.text(0);
}

std::string actor(const json& answer) {
  std::string text;
  for (const auto& [label, member] :
       std::initializer_list<std::pair<const char*, const char*>>{{"path", "path"},
                                                                  {"kind", "kind"},
                                                                  {"status", "status"},
                                                                  {"since", "since"},
                                                                  {"mailbox", "mailbox"},
                                                                  {"processed", "processed"},
                                                                  {"restarts", "restarts"},
                                                                  {"last error", "lastError"},
                                                                  {"node", "node"}}) {
    const auto value = text_at(answer, member);
    if (value.empty()) continue;
    text += std::string(label) + std::string(12 - std::string_view(label).size(), ' ') +
            shown_text(value) + '\n';
  }
  if (answer.contains("state")) text += "state\n" + pretty(answer["state"]);
  return text;
}

std::string cluster_table(const json& answer, std::size_t width) {
  auto nodes = answer.value("nodes", json::array());
  for (auto& node : nodes) {
    std::string addresses;
    const auto listed = node.value("addresses", json::object());
    for (const auto& [name, address] : listed.items())
      addresses += (addresses.empty() ? "" : " ") + name + '=' + value_text(address);
    node["addresses"] = addresses;
  }
  return "cluster " + shown_text(text_at(answer, "cluster")) + '\n' +
         list(nodes,
              {{{"node"}, "name"},
               {{"ready"}, "ready"},
               {{"draining"}, "draining"},
               {{"version"}, "version"},
               {{"started"}, "started"},
               {{"incarnation"}, "incarnation"},
               {{"addresses"}, "addresses"}},
              width, "no node");
}

/// What may help when the answer itself does not say it.
std::string mend_for(const operator_command& command, int status) {
  const bool to_application = command.name == "command";
  if (status == 401)
    return to_application ? "give a token with --token FILE"
                          : "give the admin token with --admin-token FILE";
  if (status == 412) return "look with troupe inspect entity " + command.target;
  if (status == 404 && command.name == "inspect actor") return "troupe inspect actors lists them";
  if (status == 404 && command.name.starts_with("projection "))
    return "troupe inspect projections lists them";
  if (status == 404 && command.name.starts_with("dead-letter "))
    return "troupe inspect dead-letters lists them";
  if (status == 503 && to_application) {
    return "the same command with --command-id " + command.command_id +
           " finds out or tries again, and never has a second effect";
  }
  return "";
}

}  // namespace

std::string text_at(const json& object, const char* member) {
  const auto found = object.find(member);
  return object.is_object() && found != object.end() ? value_text(*found) : "";
}

std::string shown_answer(const operator_command& command, const json& answer, std::size_t width) {
  const auto& name = command.name;
  if (name == "command") return outcome(answer);
  if (name == "inspect actor") return actor(answer);
  if (name == "inspect cluster") return cluster_table(answer, width);
  if (name == "inspect entity") {
    return shown_text(text_at(answer, "category") + '/' + text_at(answer, "id")) + " at version " +
           text_at(answer, "version") + '\n' + pretty(answer.value("state", json()));
  }
  if (name == "inspect actors") {
    return list(listed_items(answer),
                {{{"path"}, "path"},
                 {{"kind"}, "kind"},
                 {{"status"}, "status"},
                 {{"mailbox", true}, "mailbox"},
                 {{"processed", true}, "processed"},
                 {{"restarts", true}, "restarts"},
                 {{"last error"}, "lastError"}},
                width, "no such actor") +
           rest_of(answer);
  }
  if (name == "inspect stream") {
    return list(listed_items(answer),
                {{{"version", true}, "version"},
                 {{"position", true}, "position"},
                 {{"type"}, "type"},
                 {{"data"}, "data"}},
                width, "no event from there on") +
           rest_of(answer);
  }
  if (name == "inspect projections") {
    return list(listed_items(answer),
                {{{"projection"}, "name"},
                 {{"status"}, "status"},
                 {{"position", true}, "position"},
                 {{"head", true}, "head"},
                 {{"lag", true}, "lagEvents"},
                 {{"behind", true}, "lagSeconds"},
                 {{"events/s", true}, "eventsPerSecond"},
                 {{"parked", true}, "parked"},
                 {{"last error"}, "lastError"}},
                width, "no projection");
  }
  if (name == "inspect dead-letters") {
    return list(listed_items(answer),
                {{{"id"}, "id"},
                 {{"type"}, "type"},
                 {{"stream"}, "stream"},
                 {{"version", true}, "version"},
                 {{"position", true}, "position"},
                 {{"time"}, "time"},
                 {{"reason"}, "reason"}},
                width, "nothing is parked") +
           rest_of(answer);
  }
  if (name == "projection pause") return command.target + " is paused\n";
  if (name == "projection resume") return command.target + " goes on\n";
  if (name == "projection rebuild")
    return command.target + " is being rebuilt; troupe inspect projections shows how far it is\n";
  if (name == "dead-letter discard") return command.target + " is discarded\n";
  if (name == "dead-letter retry") {
    auto text = command.target + ": " + text_at(answer, "applied") + " applied, " +
                text_at(answer, "parkedAgain") + " parked again, " + text_at(answer, "left") +
                " of its key left\n";
    if (const auto why = text_at(answer, "reason"); !why.empty()) text += shown_text(why) + '\n';
    return text;
  }
  return pretty(answer);
}

std::string shown_refusal(const operator_command& command, int status, const json& problem) {
  const auto code = text_at(problem, "code");
  auto detail = text_at(problem, "detail");
  if (detail.empty()) detail = text_at(problem, "title");
  auto line = "refused with " + std::to_string(status) + (code.empty() ? "" : ' ' + code) +
              (detail.empty() ? "" : ": " + detail);
  if (const auto mend = mend_for(command, status); !mend.empty()) line += "; " + mend;
  auto text = shown_text(line) + '\n';
  for (const auto& field : problem.value("fields", json::array()))
    text += "  " + shown_text(text_at(field, "path") + ": " + text_at(field, "message")) + '\n';
  return text;
}

}  // namespace troupe
