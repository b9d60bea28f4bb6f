#include "bridges/nats/command_index.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace troupe::nats {
namespace {

constexpr auto pause_for_index = std::chrono::milliseconds(20);

error already_in_log(const std::string& command_id) {
  return {errc::duplicate, "command " + command_id + " is already in the log"};
}

}  // namespace

std::string key_of(const std::string& command_id) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::string key;
  for (const char c : command_id) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-';
    if (plain) {
      key += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      key += '=';
      key += digits[byte >> 4U];
      key += digits[byte & 15U];
    }
  }
  return key;
}

command_index::command_index(std::shared_ptr<connection> broker, names called, streams& all,
                             stored_messages& messages, stream_facts bucket)
    : broker_(std::move(broker)),
      names_(std::move(called)),
      streams_(all),
      messages_(messages),
      bucket_(std::move(bucket)) {}

outgoing command_index::entry(const wanted& one) const {
  const json value = {{"stream", one.what->stream.name()}, {"after", one.previous}};
  return {
      "$KV." + names_.bucket("commands") + '.' + key_of(one.what->command_id), value.dump(), {}};
}

std::vector<std::optional<error>> command_index::claim(request_window& window,
                                                       std::span<const wanted> all,
                                                       monotonic_time deadline) {
  std::vector<outgoing> claims;
  claims.reserve(all.size());
  for (const auto& one : all) {
    claims.push_back(entry(one));
    expect_last(claims.back(), 0);
  }
  const auto soon = std::min<monotonic_time>(
      deadline, std::chrono::steady_clock::now() + broker_->options().answer_timeout);
  const auto answers = window.exchange(claims, soon);
  std::vector<std::optional<error>> refused(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (read_publish_reply(answers[i]).what == publish_reply::verdict::stored) continue;
    refused[i] = settle_claim(window, all[i], deadline);
  }
  return refused;
}

std::optional<error> command_index::settle_claim(request_window& window, const wanted& one,
                                                 monotonic_time deadline) {
  using verdict = publish_reply::verdict;
  const auto& id = one.what->command_id;
  std::string last_problem = "another node claims command " + id + " at the same time";
  // Claims change hands only between attempts of one command, so this ends soon or the broker is
  // away.
  while (std::chrono::steady_clock::now() < deadline && !window.ended()) {
    auto known = look_up(id);
    if (!known) {
      if (known.error().code != errc::unavailable) return std::move(known).error();
      last_problem = known.error().message;
      broker_->pause(pause_for_index);
      continue;
    }
    auto claim = entry(one);
    if (*known) {
      const auto& attempt = **known;
      const bool same_entity = attempt.stream == one.what->stream;
      // The same attempt: this one's own claim, whose answer was lost, or another node's. The
      // entity's stream will take one of the two.
      if (same_entity && attempt.previous == one.previous) return std::nullopt;
      auto became = resolve(attempt, id);
      if (!became) return std::move(became).error();
      if (became->stored) return already_in_log(id);
      if (became->pending) {
        return error{errc::conflict, same_entity ? attempt.stream.name() + " has moved on"
                                                 : "command " + id + " is under way for " +
                                                       attempt.stream.name() + "; use a new id"};
      }
    }
    expect_last(claim, *known ? (*known)->sequence : 0);
    const auto reply = read_publish_reply(window.exchange(
        claim, std::min<monotonic_time>(deadline, std::chrono::steady_clock::now() +
                                                      broker_->options().answer_timeout)));
    if (reply.what == verdict::stored) return std::nullopt;
    if (reply.what == verdict::refused) {
      last_problem = reply.detail;
      break;
    }
    if (reply.what == verdict::unknown) last_problem = reply.detail;
  }
  return error{errc::unavailable, "the command id cannot be claimed: " + last_problem};
}

result<std::optional<recorded_commit>> command_index::find(const std::string& command_id) {
  auto known = look_up(command_id);
  if (!known) return std::move(known).error();
  if (!*known) return std::optional<recorded_commit>();
  auto became = resolve(**known, command_id);
  if (!became) return std::move(became).error();
  return std::move(became->stored);
}

result<std::optional<command_index::held>> command_index::look_up(const std::string& command_id) {
  const auto subject = "$KV." + names_.bucket("commands") + '.' + key_of(command_id);
  auto found = messages_.last(bucket_, subject);
  if (!found) return std::move(found).error();
  if (!*found) return std::optional<held>();
  const auto value = json::parse(body_of(*(*found)->message), nullptr, false);
  const auto corrupt = [&] {
    return error{errc::corrupt, "the entry of command " + command_id + " in bucket " +
                                    names_.bucket("commands") + " cannot be read"};
  };
  if (!value.is_object() || !value.contains("stream") || !value["stream"].is_string() ||
      !value.contains("after") || !value["after"].is_number_unsigned()) {
    return corrupt();
  }
  const auto name = value["stream"].get<std::string>();
  const auto dot = name.find('.');
  if (dot == std::string::npos) return corrupt();
  return std::optional(held{{name.substr(0, dot), name.substr(dot + 1)},
                            value["after"].get<position_t>(),
                            (*found)->sequence});
}

result<command_index::outcome> command_index::resolve(const held& attempt,
                                                      const std::string& command_id) {
  auto in = streams_.find(attempt.stream.category);
  if (!in) return std::move(in).error();
  if (!*in) return outcome{true, {}};
  auto found = messages_.next(**in, names_.events(attempt.stream), attempt.previous + 1);
  if (!found) return std::move(found).error();
  if (!*found) return outcome{true, {}};
  auto read = from_message(**found, attempt.stream.category, attempt.stream.id);
  if (read.recorded.data.command_id != command_id) return outcome{};
  return outcome{false, std::move(read.recorded)};
}

}  // namespace troupe::nats
