#include "bridges/nats/entity_reader.hpp"

#include <algorithm>
#include <utility>

namespace troupe::nats {
namespace {

/// Up to so many versions are followed back, one after the other, in the time that a consumer takes
/// to be made: by one server, or by the servers that agree on it.
constexpr version_t short_tail = 4;
constexpr version_t short_tail_of_replicas = 24;
constexpr std::size_t remembered_starts = 10'000;

error lost(const stream_id& stream, version_t before) {
  return {errc::corrupt, "the log has lost events of " + stream.name() + " before version " +
                             std::to_string(before)};
}

error foreign(const stream_id& stream, position_t at) {
  return {errc::corrupt, "the message at position " + std::to_string(at) + " of " + stream.name() +
                             " is not this runtime's: it has no Troupe headers"};
}

}  // namespace

entity_reader::entity_reader(std::shared_ptr<connection> broker, names called, streams& all,
                             stored_messages& messages, places& newest)
    : broker_(std::move(broker)),
      names_(std::move(called)),
      streams_(all),
      messages_(messages),
      newest_(newest),
      starts_(remembered_starts) {}

result<std::vector<recorded_commit>> entity_reader::read(const stream_id& stream, version_t from,
                                                         std::size_t limit) {
  if (!check_stream(stream)) return commits();
  auto in = streams_.find(stream.category);
  if (!in) return std::move(in).error();
  if (!*in) return commits();
  auto found = messages_.last(**in, names_.events(stream));
  if (!found) return std::move(found).error();
  if (!*found) return commits();
  return read(**in, stream, **found, from, 0, limit);
}

result<std::vector<recorded_commit>> entity_reader::read(const stream_facts& in,
                                                         const stream_id& stream,
                                                         const stored_message& newest,
                                                         version_t from, position_t at,
                                                         std::size_t limit) {
  auto last = from_message(newest, stream.category, stream.id);
  if (!last.whole) return foreign(stream, newest.sequence);
  const auto version = last.recorded.data.last_version();
  const auto sequence = last.recorded.position;
  newest_.learn(stream, {version, sequence});
  if (limit == 0 || version < from || sequence < at) return commits();
  const auto worth_it = in.replicas > 1 ? short_tail_of_replicas : short_tail;
  auto read = version - from < worth_it ? follow_back(in, stream, std::move(last), from, limit)
                                        : consume(in, stream, sequence, from, at, limit);
  if (read && !read->empty()) {
    starts_.replace(stream, {read->back().data.last_version(), read->back().position});
  }
  return read;
}

result<std::vector<recorded_commit>> entity_reader::follow_back(const stream_facts& in,
                                                                const stream_id& stream,
                                                                read_commit last, version_t from,
                                                                std::size_t limit) {
  commits read;
  const auto subject = names_.events(stream);
  for (auto one = std::move(last);;) {
    const auto first = one.recorded.data.first_version;
    const auto previous = one.previous;
    read.push_back(std::move(one.recorded));
    if (first <= std::max<version_t>(from, 1)) break;
    auto found = messages_.at(in, previous);
    if (!found) return std::move(found).error();
    if (!*found || (*found)->subject != subject) return lost(stream, first);
    one = from_message(**found, stream.category, stream.id);
    if (!one.whole) return foreign(stream, (*found)->sequence);
    if (one.recorded.data.last_version() + 1 != first) return lost(stream, first);
  }
  std::ranges::reverse(read);
  if (read.size() > limit) read.resize(limit);
  return read;
}

result<std::vector<recorded_commit>> entity_reader::consume(const stream_facts& in,
                                                            const stream_id& stream,
                                                            position_t last, version_t from,
                                                            position_t at, std::size_t limit) {
  const auto start = starts_.find(stream);
  const bool known_start = at == 0 && start && start->version < from;
  jsSubOptions options;
  jsSubOptions_Init(&options);
  options.Stream = in.name.c_str();
  options.Ordered = true;
  if (at > 0 || known_start) {
    options.Config.DeliverPolicy = js_DeliverByStartSequence;
    options.Config.OptStartSeq = at > 0 ? at : start->sequence + 1;
  } else {
    options.Config.DeliverPolicy = js_DeliverAll;
  }
  natsSubscription* made = nullptr;
  const auto status = js_SubscribeSync(&made, broker_->jetstream(), names_.events(stream).c_str(),
                                       nullptr, &options, nullptr);
  if (status != NATS_OK) return failure_of(status, "reading " + stream.name());
  subscription_ptr consumer(made);
  commits read;
  version_t next = known_start ? start->version + 1 : 1;
  for (position_t reached = 0; reached < last && read.size() < limit;) {
    natsMsg* received = nullptr;
    const auto got =
        natsSubscription_NextMsg(&received, made, broker_->options().answer_timeout.count());
    if (got != NATS_OK) return failure_of(got, "reading " + stream.name());
    stored_message one{message_ptr(received), "", 0};
    jsMsgMetaData* metadata = nullptr;
    if (const auto told = natsMsg_GetMetaData(&metadata, received); told != NATS_OK) {
      return failure_of(told, "reading " + stream.name());
    }
    one.sequence = metadata->Sequence.Stream;
    jsMsgMetaData_Destroy(metadata);
    auto commit = from_message(one, stream.category, stream.id);
    if (!commit.whole) return foreign(stream, one.sequence);
    const auto& data = commit.recorded.data;
    if (reached == 0 && at > 0) {
      if (one.sequence != at || data.first_version > from || data.last_version() < from) break;
    } else if (data.first_version != next) {
      return lost(stream, next + 1);
    }
    reached = one.sequence;
    next = commit.recorded.data.last_version() + 1;
    if (next > from) read.push_back(std::move(commit.recorded));
  }
  retired_.add(std::move(consumer));
  return read;
}

}  // namespace troupe::nats
