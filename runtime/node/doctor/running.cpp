#include "runtime/node/doctor/running.hpp"

#include <string>
#include <utility>

#include "runtime/node/cli/shown_answer.hpp"

namespace troupe {
namespace {

/// A view may be so far behind before it is worth a word.
constexpr double long_lag_seconds = 60;

/// What a failing check asks for. The others say it themselves.
std::string mend_of(const std::string& check) {
  if (check == "log") return "look at the disk or the broker";
  if (check == "accepting") return "it drains: wait for its end, or start another node";
  if (check == "started") return "wait; its log says what it is at";
  if (check.starts_with("stalled "))
    return "troupe inspect actor " + check.substr(8) + " shows it; restart the node if it stays";
  if (check.starts_with("projection ") || check.starts_with("/"))
    return "troupe inspect projections and the node's log have more";
  return "the node's log has more";
}

void add_readiness(const json& answer, std::vector<diagnosis>& found) {
  if (text_at(answer, "status") == "ok") {
    found.push_back(well("readiness", "the node is ready"));
    return;
  }
  for (const auto& check : answer.value("checks", json::array())) {
    if (check.value("ok", true)) continue;
    const auto name = text_at(check, "name");
    const auto detail = text_at(check, "detail");
    if (name == "actors" && detail.empty()) continue;  // Each of them has a line of its own.
    found.push_back(ill("readiness", name + (detail.empty() ? "" : ": " + detail), mend_of(name)));
  }
}

void add_projections(const json& answer, std::vector<diagnosis>& found) {
  for (const auto& one : answer.value("items", json::array())) {
    const auto name = text_at(one, "name");
    const auto about = "projection " + name;
    const auto status = text_at(one, "status");
    const auto behind = text_at(one, "lagEvents") + " events behind";
    if (status == "failing") {
      found.push_back(ill(about, "fails: " + text_at(one, "lastError"),
                          "mend what it says; it is tried again by itself"));
    } else if (status == "paused") {
      found.push_back(doubtful(about, "is paused, " + behind, "troupe projection resume " + name));
    } else if (one.value("lagSeconds", 0.0) > long_lag_seconds) {
      found.push_back(doubtful(about, "is " + behind, "watch it with troupe top"));
    } else {
      found.push_back(well(about, "is " + status + ", " + behind));
    }
  }
}

void add_dead_letters(const json& answer, std::vector<diagnosis>& found) {
  const auto items = answer.value("items", json::array());
  if (items.empty()) {
    found.push_back(well("dead letters", "nothing is parked"));
    return;
  }
  const auto count =
      std::to_string(items.size()) + (text_at(answer, "next").empty() ? "" : " or more");
  found.push_back(
      doubtful("dead letters",
               count + " wait, first " + text_at(items.front(), "id") + ": " +
                   text_at(items.front(), "reason"),
               "troupe inspect dead-letters, then troupe dead-letter retry or discard"));
}

}  // namespace

examined_node examine_node(const node_caller& caller, const std::string& url) {
  examined_node examined;
  const auto ask = [&](const char* target) { return caller.ask({url, "GET", target, {}, ""}); };
  const auto ready = ask("/readyz?verbose");
  if (!ready) {
    examined.found.push_back(doubtful("node", ready.error().message, "troupe run starts one"));
    return examined;
  }
  examined.found.push_back(well("node", "a node answers at " + url));
  add_readiness(ready->body, examined.found);
  const auto look = [&](const char* target, const auto& add) {
    const auto answer = ask(target);
    if (answer && answer->status == 200) {
      add(answer->body);
    } else {
      examined.found.push_back(
          doubtful("node",
                   std::string(target) + " is not answered: " +
                       (answer ? text_at(answer->body, "detail") : answer.error().message),
                   "give its token with --admin-token FILE, if it has one"));
    }
  };
  look("/admin/cluster", [&](const json& body) { examined.cluster.emplace(body); });
  look("/admin/projections", [&](const json& body) { add_projections(body, examined.found); });
  look("/admin/dead-letters?limit=1000",
       [&](const json& body) { add_dead_letters(body, examined.found); });
  return examined;
}

}  // namespace troupe
