#include "bridges/nats/parked_commands.hpp"

#include <algorithm>
#include <utility>

#include "bridges/nats/publish_reply.hpp"

namespace troupe::nats {
namespace {

constexpr position_t chunk = 256;

}  // namespace

result<std::unique_ptr<parked_commands>> parked_commands::open(std::shared_ptr<connection> broker,
                                                               const names& called, int replicas) {
  auto bucket = streams(broker, called, replicas).bucket("parked", std::chrono::hours(0));
  if (!bucket) return std::move(bucket).error();
  return std::unique_ptr<parked_commands>(
      new parked_commands(std::move(broker), called, std::move(*bucket)));
}

parked_commands::parked_commands(std::shared_ptr<connection> broker, const names& called,
                                 stream_facts bucket)
    : broker_(broker),
      key_prefix_(called.entry("parked", "")),
      bucket_(std::move(bucket)),
      messages_(broker),
      windows_(std::move(broker)) {}

result<void> parked_commands::park(const std::string& category, const parked_message& letter) {
  const json value = {
      {"channel", letter.channel},       {"subject", letter.subject}, {"position", letter.position},
      {"messageId", letter.message_id},  {"type", letter.type},       {"reason", letter.reason},
      {"time", format_time(letter.time)}};
  outgoing message{key_prefix_ + category + '.' + std::to_string(letter.position),
                   value.dump(-1, ' ', false, json::error_handler_t::replace),
                   {}};
  expect_last(message, 0);
  const auto reply = windows_.with([&](request_window& window) -> result<publish_reply> {
    return read_publish_reply(window.exchange(
        message, std::chrono::steady_clock::now() + broker_->options().answer_timeout));
  });
  if (!reply) return reply.error();
  using verdict = publish_reply::verdict;
  if (reply->what == verdict::stored || reply->what == verdict::conflict) return {};
  return error{errc::unavailable, "a command cannot be parked: " + reply->detail};
}

result<std::vector<parked_message>> parked_commands::list(std::uint64_t after, std::size_t limit) {
  std::vector<parked_message> found;
  const auto end = messages_.end(bucket_);
  if (!end) return end.error();
  for (auto first = after + 1; first <= *end && found.size() < limit; first += chunk) {
    auto messages = messages_.range(bucket_, first, std::min(*end, first + chunk - 1));
    if (!messages) return std::move(messages).error();
    for (const auto& one : *messages) {
      const auto value = json::parse(body_of(*one.message), nullptr, false);
      if (!value.is_object() || found.size() == limit) continue;  // A deleted entry has no body.
      const auto time = parse_time(value.value("time", ""));
      found.push_back({one.sequence, value.value("channel", ""), value.value("subject", ""),
                       value.value("position", position_t{0}), value.value("messageId", ""),
                       value.value("type", ""), value.value("reason", ""),
                       time ? *time : timestamp{}});
    }
  }
  return found;
}

}  // namespace troupe::nats
