#include "bridges/nats/kept_outcomes.hpp"

#include <utility>

#include "bridges/nats/command_key.hpp"

namespace troupe::nats {

result<std::optional<kept_outcome>> kept_outcomes::find(const std::string& command_id) {
  auto found = messages_.last(bucket_, subject(key_of(command_id)));
  if (!found) return std::move(found).error();
  if (!*found) return std::optional<kept_outcome>();
  const auto value = json::parse(body_of(*(*found)->message), nullptr, false);
  if (!value.is_object() || !value.contains("outcome") ||
      !value.value("digest", json()).is_number_unsigned() ||
      !value.value("time", json()).is_number_integer()) {
    return error{errc::corrupt, "the kept outcome of command " + command_id + " cannot be read"};
  }
  auto outcome = outcome_from_json(value["outcome"]);
  if (!outcome) {
    return error{errc::corrupt,
                 "the kept outcome of command " + command_id + ": " + outcome.error().message};
  }
  return std::optional(
      kept_outcome{command_id, value["digest"].get<std::uint64_t>(), std::move(*outcome),
                   timestamp(std::chrono::milliseconds(value["time"].get<std::int64_t>()))});
}

result<bool> kept_outcomes::has(const std::string& command_id) {
  auto found = messages_.last(bucket_, subject(key_of(command_id)));
  if (!found) return std::move(found).error();
  return found->has_value();
}

outgoing kept_outcomes::to_message(const kept_outcome& kept) const {
  const json value = {{"digest", kept.digest},
                      {"time", kept.time.time_since_epoch().count()},
                      {"outcome", to_json(kept.outcome)}};
  outgoing message{subject(key_of(kept.command_id)),
                   value.dump(-1, ' ', false, json::error_handler_t::replace),
                   {}};
  expect_last(message, 0);
  return message;
}

outgoing kept_outcomes::room_probe(std::size_t bytes) const {
  // A command's key has no dot.
  return {subject("room.probe"), std::string(bytes, ' '), {}};
}

}  // namespace troupe::nats
