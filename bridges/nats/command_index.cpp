#include "bridges/nats/command_index.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "bridges/nats/command_key.hpp"

namespace troupe::nats {
namespace {

constexpr auto pause_for_index = std::chrono::milliseconds(20);

error already_in_log(const std::string& command_id) {
  return {errc::duplicate, "command " + command_id + " is already in the log"};
}

json value_of(const command_index::wanted& one) {
  return {{"stream", one.what->stream.name()}, {"after", one.previous}};
}

error under_way_elsewhere(const std::string& command_id, const stream_id& entity) {
  return {errc::conflict,
          "command " + command_id + " is under way for " + entity.name() + "; use a new id"};
}

}  // namespace

command_index::command_index(std::shared_ptr<connection> broker, names called, streams& all,
                             stored_messages& messages, kept_outcomes& outcomes,
                             stream_facts bucket)
    : broker_(std::move(broker)),
      names_(std::move(called)),
      streams_(all),
      messages_(messages),
      outcomes_(outcomes),
      bucket_(bucket),
      lists_(names_, messages, std::move(bucket)) {}

outgoing command_index::entry(const std::string& command_id, json value) const {
  return {names_.entry("commands", key_of(command_id)), value.dump(), {}};
}

std::vector<outgoing> command_index::entries(std::span<const wanted> all) {
  std::vector<outgoing> made;
  std::vector<command_lists::item> listed;
  for (const auto& one : all) {
    const auto& id = one.what->command_id;
    if (command_lists::may_hold(id)) {
      listed.push_back({id, {one.what->stream, one.previous}});
    } else {
      made.push_back(entry(id, value_of(one)));
    }
  }
  std::ranges::move(lists_.to_messages(listed), std::back_inserter(made));
  return made;
}

outgoing command_index::mark(const kept_outcome& kept) const {
  auto message = entry(kept.command_id,
                       {{"stream", kept.outcome.stream.name()}, {"after", 0}, {"outcome", "kept"}});
  expect_last(message, 0);
  return message;
}

std::vector<std::optional<error>> command_index::claim(request_window& window,
                                                       std::span<const wanted> all,
                                                       monotonic_time deadline) {
  std::vector<std::optional<error>> refused(all.size());
  std::vector<outgoing> claims;
  std::vector<std::size_t> claimants;
  for (std::size_t i = 0; i < all.size(); ++i) {
    // Somebody may send an id again that a node made and told.
    const auto& id = all[i].what->command_id;
    if (command_lists::may_hold(id)) refused[i] = objection(all[i]);
    if (refused[i]) continue;
    claims.push_back(entry(id, value_of(all[i])));
    expect_last(claims.back(), 0);
    claimants.push_back(i);
  }
  const auto soon = std::min<monotonic_time>(
      deadline, std::chrono::steady_clock::now() + broker_->options().answer_timeout);
  const auto answers = window.exchange(claims, soon);
  for (std::size_t i = 0; i < claimants.size(); ++i) {
    if (read_publish_reply(answers[i]).what == publish_reply::verdict::stored) continue;
    refused[claimants[i]] = settle_claim(window, all[claimants[i]], deadline);
  }
  return refused;
}

std::optional<error> command_index::objection(const wanted& one) {
  const auto& id = one.what->command_id;
  auto tried = lists_.find(id);
  if (!tried) return std::move(tried).error();
  for (const auto& attempt : *tried) {
    auto became = resolve(attempt, id);
    if (!became) return std::move(became).error();
    if (became->stored) return already_in_log(id);
    if (became->pending && attempt.stream != one.what->stream)
      return under_way_elsewhere(id, attempt.stream);
  }
  return std::nullopt;
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
    if (*known && one.id_given) {
      auto kept = outcomes_.has(id);
      if (!kept) return std::move(kept).error();
      if (*kept) return already_known(id);
    }
    if (*known && !(*known)->outcome_kept) {
      const auto& attempt = (*known)->of;
      const bool same_entity = attempt.stream == one.what->stream;
      // The same attempt: this one's own claim, whose answer was lost, or another node's. The
      // entity's stream will take one of the two.
      if (same_entity && attempt.previous == one.previous) return std::nullopt;
      auto became = resolve(attempt, id);
      if (!became) return std::move(became).error();
      if (became->stored) return already_in_log(id);
      if (became->pending) {
        if (!same_entity) return under_way_elsewhere(id, attempt.stream);
        return error{errc::conflict, attempt.stream.name() + " has moved on"};
      }
    }
    auto claim = entry(id, value_of(one));
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
  std::vector<attempt> tried;
  if (*known && !(*known)->outcome_kept) tried.push_back(std::move((*known)->of));
  if (command_lists::may_hold(command_id)) {
    auto listed = lists_.find(command_id);
    if (!listed) return std::move(listed).error();
    std::ranges::move(*listed, std::back_inserter(tried));
  }
  for (const auto& one : tried) {
    auto became = resolve(one, command_id);
    if (!became) return std::move(became).error();
    if (became->stored) return std::move(became->stored);
  }
  return std::optional<recorded_commit>();
}

result<std::optional<command_index::held>> command_index::look_up(const std::string& command_id) {
  const auto subject = names_.entry("commands", key_of(command_id));
  auto found = messages_.last(bucket_, subject);
  if (!found) return std::move(found).error();
  if (!*found) return std::optional<held>();
  const auto value = json::parse(body_of(*(*found)->message), nullptr, false);
  auto made = value.is_object()
                  ? attempt_from(value.value("stream", json()), value.value("after", json()))
                  : std::nullopt;
  if (!made) {
    return error{errc::corrupt, "the entry of command " + command_id + " in bucket " +
                                    names_.bucket("commands") + " cannot be read"};
  }
  return std::optional(held{std::move(*made), value.contains("outcome"), (*found)->sequence});
}

result<command_index::outcome> command_index::resolve(const attempt& tried,
                                                      const std::string& command_id) {
  auto in = streams_.find(tried.stream.category);
  if (!in) return std::move(in).error();
  if (!*in) return outcome{true, {}};
  auto found = messages_.next(**in, names_.events(tried.stream), tried.previous + 1);
  if (!found) return std::move(found).error();
  if (!*found) return outcome{true, {}};
  auto read = from_message(**found, tried.stream.category, tried.stream.id);
  if (read.recorded.data.command_id != command_id) return outcome{};
  return outcome{false, std::move(read.recorded)};
}

}  // namespace troupe::nats
