#include "runtime/node/trace.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace troupe {
namespace {

constexpr position_t searched_positions = 20'000;
constexpr std::size_t commits_per_page = 1'000;
constexpr std::size_t most_commands = 500;
constexpr std::size_t letters_per_page = 1'000;

std::string text_at(const json& metadata, const char* member) {
  const auto found = metadata.find(member);
  return found != metadata.end() && found->is_string() ? found->get<std::string>() : "";
}

/// One commit whose events belong to the trace.
struct traced_commit {
  recorded_commit commit;
  std::vector<recorded_event> events;
};

class trace_search {
 public:
  trace_search(event_log& log, const std::string& id) : log_(log), wanted_{id} {}

  /// The commit of this command, and with it the conversation that it belongs to.
  result<void> look_up(const std::string& command_id) {
    auto known = log_.find_command(command_id);
    if (!known) return std::move(known).error();
    if (!*known) return {};
    auto& commit = **known;
    auto events = decode(commit);
    if (!events) return std::move(events).error();
    for (const auto& event : *events) {
      const auto correlation = text_at(event.event.metadata, "correlationId");
      if (!correlation.empty()) wanted_.insert(correlation);
    }
    keep(std::move(commit), std::move(*events));
    return {};
  }

  result<void> search(const std::string& category) {
    const auto head = log_.head(category);
    if (!head) return head.error();
    const auto first = *head > searched_positions ? *head - searched_positions + 1 : 1;
    for (auto from = first; from <= *head && found.size() < most_commands;) {
      auto commits = log_.read_category(category, from, commits_per_page);
      if (!commits) return std::move(commits).error();
      if (commits->empty()) break;
      from = commits->back().position + 1;
      for (auto& commit : *commits) consider(std::move(commit));
    }
    searched.push_back({{"category", category}, {"from", first}, {"to", *head}});
    return {};
  }

  std::map<std::pair<std::string, position_t>, traced_commit> found;
  json searched = json::array();

 private:
  void consider(recorded_commit commit) {
    // Most commits are somebody else's, and need not be decoded to see that.
    const auto named = [&](const std::string& id) {
      return commit.data.body.find(id) != std::string::npos;
    };
    if (found.size() >= most_commands || std::ranges::none_of(wanted_, named)) return;
    auto events = decode(commit);
    if (!events) return;  // One that cannot be read shows among the dead letters.
    const auto belongs = [&](const recorded_event& event) {
      const auto& metadata = event.event.metadata;
      return wanted_.contains(text_at(metadata, "correlationId")) ||
             wanted_.contains(text_at(metadata, "traceId")) ||
             wanted_.contains(text_at(metadata, "commandId"));
    };
    if (std::ranges::any_of(*events, belongs)) keep(std::move(commit), std::move(*events));
  }

  void keep(recorded_commit commit, std::vector<recorded_event> events) {
    const auto place = std::pair(commit.data.stream.category, commit.position);
    found.try_emplace(place, traced_commit{std::move(commit), std::move(events)});
  }

  event_log& log_;
  std::set<std::string> wanted_;
};

/// What projectors have made of events: their checkpoints and parked events, read once.
class projection_results {
 public:
  explicit projection_results(const std::vector<host::bound_projection>& projections)
      : projections_(projections) {}

  result<json> of(const recorded_event& event) {
    json listed = json::array();
    for (const auto& one : projections_) {
      const auto& kernel = *one.what.kernel;
      if (kernel.category() != event.stream.category || !kernel.handles(event.event.type)) continue;
      auto described = describe(one, event);
      if (!described) return described;
      listed.push_back(std::move(*described));
    }
    return listed;
  }

 private:
  struct facts {
    position_t checkpoint = 0;
    std::map<std::pair<position_t, version_t>, dead_letter> parked;
  };

  result<const facts*> facts_of(const host::bound_projection& one) {
    const auto& name = one.what.kernel->name();
    if (const auto known = known_.find(name); known != known_.end()) return &known->second;
    facts read;
    const auto checkpoint = one.store->checkpoint(name);
    if (!checkpoint) return checkpoint.error();
    read.checkpoint = *checkpoint;
    for (std::uint64_t after = 0;;) {
      auto letters = one.store->dead_letters(name, after, letters_per_page);
      if (!letters) return std::move(letters).error();
      for (auto& letter : *letters) {
        after = letter.id;
        const auto place = std::pair(letter.position, letter.version);
        read.parked.emplace(place, std::move(letter));
      }
      if (letters->size() < letters_per_page) break;
    }
    return &known_.emplace(name, std::move(read)).first->second;
  }

  result<json> describe(const host::bound_projection& one, const recorded_event& event) {
    const auto read = facts_of(one);
    if (!read) return read.error();
    const auto& kernel = *one.what.kernel;
    json described = {{"name", kernel.name()}, {"key", nullptr}, {"row", nullptr}};
    if (const auto letter = (*read)->parked.find({event.position, event.version});
        letter != (*read)->parked.end()) {
      described["status"] = "parked";
      described["key"] = letter->second.key;
      described["deadLetter"] = kernel.name() + '.' + std::to_string(letter->second.id);
      described["reason"] = letter->second.reason;
      return described;
    }
    described["status"] = (*read)->checkpoint >= event.position ? "applied" : "waiting";
    const auto key = key_of(kernel, event);
    if (!key) return described;
    described["key"] = *key;
    auto row = one.store->get(kernel.table(), *key);
    if (row && *row) described["row"] = std::move(**row);
    return described;
  }

  static std::optional<std::string> key_of(const projector_kernel& kernel,
                                           const recorded_event& event) {
    try {
      if (const auto decoded = kernel.decode(event)) return (*decoded)->key();
    } catch (const std::exception&) {
      return std::nullopt;  // Domain code: the projector itself tells of it.
    }
    return std::nullopt;
  }

  const std::vector<host::bound_projection>& projections_;
  std::map<std::string, facts> known_;
};

result<json> describe(const traced_commit& one, projection_results& results) {
  const auto& metadata = one.events.front().event.metadata;
  json events = json::array();
  for (const auto& event : one.events) {
    auto projections = results.of(event);
    if (!projections) return projections;
    events.push_back({{"id", event.event.id},
                      {"type", event.event.type},
                      {"version", event.version},
                      {"position", event.position},
                      {"projections", std::move(*projections)}});
  }
  return json{{"commandId", one.commit.data.command_id},
              {"correlationId", text_at(metadata, "correlationId")},
              {"traceId", text_at(metadata, "traceId")},
              {"userId", text_at(metadata, "userId")},
              {"node", text_at(metadata, "node")},
              {"time", format_time(one.commit.data.time)},
              {"stream", one.commit.data.stream.name()},
              {"position", one.commit.position},
              {"events", std::move(events)}};
}

}  // namespace

result<json> find_trace(event_log& log, const std::vector<std::string>& categories,
                        const std::vector<host::bound_projection>& projections,
                        const std::string& id) {
  if (auto checked = check_command_id(id); !checked) return checked.error();
  trace_search work(log, id);
  if (auto done = work.look_up(id); !done) return done.error();
  for (const auto& category : categories) {
    if (auto done = work.search(category); !done) return done.error();
  }
  std::vector<const traced_commit*> in_order;
  for (const auto& [place, one] : work.found) in_order.push_back(&one);
  std::ranges::stable_sort(in_order, {},
                           [](const traced_commit* one) { return one->commit.data.time; });
  projection_results results(projections);
  json commands = json::array();
  for (const auto* one : in_order) {
    auto described = describe(*one, results);
    if (!described) return described;
    commands.push_back(std::move(*described));
  }
  if (commands.empty()) {
    return error{errc::not_found,
                 "no command or event among the newest of each category carries this id; one that "
                 "was refused leaves no events"};
  }
  return json{
      {"id", id}, {"commands", std::move(commands)}, {"searched", std::move(work.searched)}};
}

}  // namespace troupe
