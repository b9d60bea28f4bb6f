#include "bridges/nats/command_lists.hpp"

#include <array>
#include <charconv>
#include <map>
#include <utility>

#include "bridges/nats/unique_name.hpp"
#include "runtime/core/made_id.hpp"

namespace troupe::nats {
namespace {

/// Ids of so many milliseconds are listed together. At full load a node stores a group of commits
/// every few milliseconds: a longer time makes a search longer, a shorter one the lists many.
constexpr std::uint64_t milliseconds_together = 32;
/// Keeps a message far below the least `max_payload` that a broker is run with.
constexpr std::size_t most_in_a_list = 500;

std::string hexadecimal(std::uint64_t number) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, 16).ptr;
  return {digits.data(), end};
}

std::uint64_t time_of(std::string_view command_id) {
  return made_at(command_id).value_or(0) / milliseconds_together;
}

}  // namespace

std::optional<attempt> attempt_from(const json& stream, const json& previous) {
  if (!stream.is_string() || !previous.is_number_unsigned()) return std::nullopt;
  const auto& name = stream.get_ref<const std::string&>();
  const auto dot = name.find('.');
  if (dot == std::string::npos) return std::nullopt;
  return attempt{{name.substr(0, dot), name.substr(dot + 1)}, previous.get<position_t>()};
}

command_lists::command_lists(names called, stored_messages& messages, stream_facts bucket)
    : names_(std::move(called)),
      messages_(messages),
      bucket_(std::move(bucket)),
      writer_(unique_name()) {}

bool command_lists::may_hold(std::string_view command_id) {
  return made_at(command_id).has_value();
}

std::string command_lists::subject(std::uint64_t time, const std::string& which) const {
  return names_.entry("commands", "made." + hexadecimal(time) + '.' + which);
}

std::vector<outgoing> command_lists::to_messages(std::span<const item> items) {
  std::vector<outgoing> made;
  const auto close = [&](std::uint64_t time, const json& list) {
    made.push_back({subject(time, writer_ + '-' + std::to_string(next_++)), list.dump(), {}});
  };
  std::map<std::uint64_t, json> lists;
  for (const auto& one : items) {
    auto& list = lists[time_of(one.command_id)];
    list.push_back({one.command_id, one.of.stream.name(), one.of.previous});
    if (list.size() < most_in_a_list) continue;
    close(time_of(one.command_id), list);
    list.clear();
  }
  for (const auto& [time, list] : lists) {
    if (!list.empty()) close(time, list);
  }
  return made;
}

result<std::vector<attempt>> command_lists::find(const std::string& command_id) {
  const auto all = subject(time_of(command_id), "*");
  std::vector<attempt> attempts;
  for (position_t from = 1;;) {
    auto found = messages_.next(bucket_, all, from);
    if (!found) return std::move(found).error();
    if (!*found) return attempts;
    from = (*found)->sequence + 1;
    const auto list = json::parse(body_of(*(*found)->message), nullptr, false);
    const auto corrupt = [&] {
      return error{errc::corrupt,
                   "the list " + (*found)->subject + " of command ids cannot be read"};
    };
    if (!list.is_array()) return corrupt();
    for (const auto& one : list) {
      if (!one.is_array() || one.size() != 3 || !one[0].is_string()) return corrupt();
      if (one[0].get_ref<const std::string&>() != command_id) continue;
      auto read = attempt_from(one[1], one[2]);
      if (!read) return corrupt();
      attempts.push_back(std::move(*read));
    }
  }
}

}  // namespace troupe::nats
