// What a running node does with its dead letters: parked events of all its databases, and what its
// bridges have parked.
#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "runtime/host/parked_events.hpp"
#include "runtime/node/running_node.hpp"

namespace troupe {
namespace {

/// Each database and each bridge numbers its own; with the name in front it is unique on the node.
std::string letter_id(const std::string& whose, std::uint64_t number) {
  return whose + '.' + std::to_string(number);
}

struct letter_name {
  std::string whose;
  std::uint64_t number = 0;
};

error no_letter(const std::string& id) { return {errc::not_found, "nothing is parked as " + id}; }

result<letter_name> parse_letter_id(const std::string& id) {
  const auto dot = id.rfind('.');
  if (dot == std::string::npos || dot == 0) return no_letter(id);
  letter_name name{id.substr(0, dot)};
  const char* end = id.data() + id.size();
  const auto [stop, code] = std::from_chars(id.data() + dot + 1, end, name.number);
  if (code != std::errc() || stop != end || name.number == 0) return no_letter(id);
  return name;
}

json letter_json(const dead_letter& letter, const json& node) {
  return {{"id", letter_id(letter.projector, letter.id)},
          {"node", node},
          {"projection", letter.projector},
          {"key", letter.key},
          {"stream", letter.stream.name()},
          {"position", letter.position},
          {"version", letter.version},
          {"eventId", letter.event_id},
          {"type", letter.type},
          {"reason", letter.reason},
          {"time", format_time(letter.time)}};
}

json letter_json(const parked_message& letter) {
  return {{"id", letter_id(letter.channel, letter.id)},
          {"node", nullptr},
          {"bridge", letter.channel},
          {"stream", letter.subject},
          {"position", letter.position},
          {"messageId", letter.message_id},
          {"type", letter.type},
          {"reason", letter.reason},
          {"time", format_time(letter.time)}};
}

}  // namespace

result<json> running_node::dead_letters(std::uint64_t after, std::size_t limit) {
  // Each database numbers its own letters. What lies behind the end of any full page is left for
  // the next one.
  std::vector<dead_letter> found;
  auto end = std::numeric_limits<std::uint64_t>::max();
  for (const auto& store : stores_) {
    auto letters = store->dead_letters("", after, limit);
    if (!letters) return std::move(letters).error();
    if (letters->size() == limit) end = std::min(end, letters->back().id);
    std::ranges::move(*letters, std::back_inserter(found));
  }
  std::vector<parked_message> commands;
  for (const auto& one : bridges_) {
    auto parked = one->parked(after, limit);
    if (!parked) return std::move(parked).error();
    if (parked->size() == limit) end = std::min(end, parked->back().id);
    std::ranges::move(*parked, std::back_inserter(commands));
  }
  const bool more = end != std::numeric_limits<std::uint64_t>::max();
  json items = json::array();
  for (const auto& letter : found) {
    if (letter.id <= end) items.push_back(letter_json(letter, keeper()));
  }
  for (const auto& letter : commands) {
    if (letter.id <= end) items.push_back(letter_json(letter));
  }
  return json{{"items", std::move(items)}, {"next", more ? json(end) : json(nullptr)}};
}

json running_node::keeper() const {
  return options_.views == "postgres" ? json(nullptr) : json(options_.node);
}

result<json> running_node::retry_dead_letter(const std::string& id) {
  const auto name = parse_letter_id(id);
  if (!name) return name.error();
  if (std::ranges::find(bridges_, name->whose, &bridge::name) != bridges_.end()) {
    return error{errc::conflict, "a parked command cannot be retried here; publish it again"};
  }
  const auto done = engine_->retry_parked_event(name->whose, name->number);
  audit_("retry of dead letter " + id + ": " +
             (done ? std::to_string(done->applied) + " events applied" : done.error().message),
         "");
  if (!done) return done.error();
  return json{{"status", done->parked_again == 0 ? "applied" : "parked-again"},
              {"applied", done->applied},
              {"parkedAgain", done->parked_again},
              {"left", done->left},
              {"reason", done->reason.empty() ? json(nullptr) : json(done->reason)}};
}

result<json> running_node::discard_dead_letter(const std::string& id) {
  const auto name = parse_letter_id(id);
  if (!name) return name.error();
  if (std::ranges::find(bridges_, name->whose, &bridge::name) != bridges_.end()) {
    return error{errc::conflict, "a parked command cannot be discarded here"};
  }
  auto done = discard(name->whose, name->number);
  if (!done) {
    audit_("discard of dead letter " + id + ": " + done.error().message, "");
    return std::move(done).error();
  }
  audit_("discard of dead letter " + id + ": " + done->type + ", version " +
             std::to_string(done->version) + " of " + done->stream.name() + " at position " +
             std::to_string(done->position) + ", parked because: " + done->reason,
         "");
  return json{{"status", "discarded"}, {"letter", letter_json(*done, keeper())}};
}

result<dead_letter> running_node::discard(const std::string& projector, std::uint64_t number) {
  const auto named = [&](const host::bound_projection& one) {
    return one.what.kernel->name() == projector;
  };
  if (std::ranges::any_of(projections_, named))
    return engine_->discard_parked_event(projector, number);
  // Of a projector that this program has no more.
  for (const auto& store : stores_) {
    auto done = host::discard_parked(projector, *store, number);
    if (done || done.error().code != errc::not_found) return done;
  }
  return no_letter(letter_id(projector, number));
}

}  // namespace troupe
