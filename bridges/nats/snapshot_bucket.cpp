#include "bridges/nats/snapshot_bucket.hpp"

#include <chrono>
#include <utility>

namespace troupe::nats {
namespace {

constexpr int save_tries = 3;

}  // namespace

snapshot_bucket::snapshot_bucket(std::shared_ptr<connection> broker, names called,
                                 stored_messages& messages, stream_facts bucket)
    : broker_(broker),
      names_(std::move(called)),
      messages_(messages),
      bucket_(std::move(bucket)),
      windows_(std::move(broker)) {}

std::string snapshot_bucket::subject(const stream_id& stream) const {
  return names_.entry("snapshots", stream.name());
}

result<snapshot_bucket::kept> snapshot_bucket::look_up(const stream_id& stream) {
  auto found = messages_.last(bucket_, subject(stream));
  if (!found) return std::move(found).error();
  if (!*found) return kept{};
  return kept{from_message(stream, **found), (*found)->sequence};
}

std::optional<snapshot> snapshot_bucket::from_message(const stream_id& stream,
                                                      const stored_message& found) {
  // What cannot be read is as good as none: a snapshot costs nothing but time.
  auto value = json::parse(body_of(*found.message), nullptr, false);
  if (!value.is_object()) return std::nullopt;
  const auto schema = value.find("schema");
  const auto version = value.find("version");
  const auto position = value.find("position");
  if (schema == value.end() || !schema->is_string() || version == value.end() ||
      !version->is_number_unsigned() || position == value.end() ||
      !position->is_number_unsigned() || !value.contains("state")) {
    return std::nullopt;
  }
  return snapshot{stream, version->get<version_t>(), position->get<position_t>(),
                  schema->get<std::string>(), std::move(value["state"])};
}

result<std::optional<snapshot>> snapshot_bucket::load(const stream_id& stream) {
  auto found = look_up(stream);
  if (!found) return std::move(found).error();
  return std::move(found->value);
}

result<void> snapshot_bucket::save(const snapshot& saved) {
  const json value = {{"version", saved.version},
                      {"position", saved.position},
                      {"schema", saved.schema},
                      {"state", saved.state}};
  const auto text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  for (int i = 0; i < save_tries; ++i) {
    auto before = look_up(saved.stream);
    if (!before) return before.error();
    if (before->value && before->value->version > saved.version) return {};
    outgoing message{subject(saved.stream), text, {}};
    expect_last(message, before->sequence);
    const auto stored = windows_.with([&](request_window& window) -> result<publish_reply> {
      return read_publish_reply(window.exchange(
          message, std::chrono::steady_clock::now() + broker_->options().answer_timeout));
    });
    if (!stored) return stored.error();
    if (stored->what == publish_reply::verdict::stored) return {};
    if (stored->what != publish_reply::verdict::conflict) {
      return error{errc::unavailable,
                   "a snapshot of " + saved.stream.name() + " is not stored: " + stored->detail};
    }
  }
  return {};  // Others are saving snapshots of the same entity: theirs will do.
}

}  // namespace troupe::nats
