#include "bridges/nats/command_channel.hpp"

#include <algorithm>
#include <utility>

namespace troupe::nats {
namespace {

constexpr std::int64_t ack_wait_nanoseconds = std::int64_t{5} * 1'000'000'000;
constexpr auto keep_alive_interval = std::chrono::seconds(2);
constexpr std::size_t largest_pull = 64;
constexpr auto pause_when_away = std::chrono::milliseconds(100);
// What is told the broker of a message, on the message's reply subject. The library's own calls are
// for messages of its own fetch.
constexpr const char* acknowledged = "+ACK";
constexpr const char* in_progress = "+WPI";
constexpr const char* again_after_a_second = R"(-NAK {"delay": 1000000000})";
/// How often a command may crash its handler before it is parked.
constexpr std::uint64_t most_crashes = 5;

using metadata_ptr = std::unique_ptr<jsMsgMetaData, destroys<jsMsgMetaData_Destroy>>;

metadata_ptr metadata_of(natsMsg& message) {
  jsMsgMetaData* found = nullptr;
  natsMsg_GetMetaData(&found, &message);
  return metadata_ptr(found);
}

result<void> make_consumer(const channel_environment& environment, const std::string& stream,
                           const command_source& from) {
  jsConsumerConfig wanted;
  jsConsumerConfig_Init(&wanted);
  wanted.Durable = from.consumer.c_str();
  wanted.Description = "Troupe: durable commands, shared by all nodes";
  wanted.DeliverPolicy = js_DeliverAll;
  wanted.AckPolicy = js_AckExplicit;
  wanted.AckWait = ack_wait_nanoseconds;
  wanted.MaxDeliver = -1;
  wanted.MaxAckPending = 10'000;
  wanted.FilterSubject = from.subject.c_str();
  wanted.ReplayPolicy = js_ReplayInstant;
  const auto status = js_AddConsumer(nullptr, environment.broker->jetstream(), stream.c_str(),
                                     &wanted, nullptr, nullptr);
  if (status == NATS_OK) return {};
  auto problem = failure_of(
      status, "the consumer '" + from.consumer + "' of stream '" + stream + "' cannot be made");
  if (problem.code != errc::unavailable) {
    problem.code = errc::invalid;
    problem.message += "; remove it ('nats consumer rm') if it is set up otherwise";
  }
  return problem;
}

/// Whether the same command would get the same answer again.
bool is_final(outcome_status status) {
  switch (status) {
    case outcome_status::accepted:
    case outcome_status::rejected:
    case outcome_status::invalid:
    case outcome_status::forbidden:
    case outcome_status::not_found:
    case outcome_status::version_mismatch:
    case outcome_status::id_reused:
      return true;
    case outcome_status::conflict:
    case outcome_status::overloaded:
    case outcome_status::unavailable:
    case outcome_status::failed:
    case outcome_status::in_doubt:
      return false;
  }
  return false;
}

}  // namespace

std::vector<command_source> command_sources(const names& called, const std::string& category) {
  const auto consumer = "mic-" + category;
  return {{consumer, called.commands(category)},
          {consumer + "-addressed", called.addressed_commands(category)}};
}

result<std::unique_ptr<command_channel>> command_channel::open(
    const channel_environment& environment, std::string category, command_source from,
    bridge::on_failure failed) {
  const auto stream = environment.called.stream(category);
  if (auto made = make_consumer(environment, stream, from); !made) return made.error();
  return std::unique_ptr<command_channel>(new command_channel(
      environment, std::move(category), stream, std::move(from.consumer), std::move(failed)));
}

command_channel::command_channel(const channel_environment& environment, std::string category,
                                 const std::string& stream, std::string consumer,
                                 bridge::on_failure failed)
    : environment_(environment),
      category_(std::move(category)),
      consumer_name_(std::move(consumer)),
      consumer_(environment.broker, stream, consumer_name_),
      failed_(std::move(failed)),
      back_(environment.broker->on_back([this] {
        const std::lock_guard lock(mutex_);
        turn_.notify_all();
      })),
      moves_(environment.where == nullptr ? nullptr
                                          : environment.where->on_change([this] { on_move(); })),
      fetcher_([this] { fetch(); }),
      finisher_([this] { finish(); }) {}

command_channel::~command_channel() {
  back_.reset();
  moves_.reset();
  end_fetching(false);
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
  }
  outcomes_->close();
  finisher_.join();
}

void command_channel::end_fetching(bool take_rest) {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    turn_.notify_all();
  }
  consumer_.end(take_rest);
  if (fetcher_.joinable()) fetcher_.join();
}

bool command_channel::is_here() const {
  return environment_.where == nullptr || environment_.where->here("consumer/" + category_);
}

void command_channel::on_move() {
  if (!is_here()) consumer_.let_go();
  const std::lock_guard lock(mutex_);
  turn_.notify_all();
}

std::size_t command_channel::await_room() {
  std::unique_lock lock(mutex_);
  turn_.wait(lock, [this] {
    return closing_ || (working_.size() < environment_.max_in_flight &&
                        environment_.broker->connected() && is_here());
  });
  return closing_ ? 0 : environment_.max_in_flight - working_.size();
}

void command_channel::fetch() {
  while (const auto room = await_room()) {
    const auto next = consumer_.take(std::min(room, largest_pull),
                                     [this](message_ptr one) { accept(std::move(one)); });
    if (!next) {
      failed_(next.error().message);
      return;
    }
    if (*next == pull_consumer::next_step::ask) continue;
    std::unique_lock lock(mutex_);
    turn_.wait_for(lock, pause_when_away, [this] { return closing_; });
  }
}

void command_channel::accept(message_ptr message) {
  ++taken_;
  environment_.pending->begin();
  const std::string subject(subject_of(*message));
  const auto prefix = environment_.called.commands(category_) + '.';
  const auto entity = subject.starts_with(prefix) ? subject.substr(prefix.size()) : std::string();
  auto read = environment_.intake.from_envelope(category_, entity, body_of(*message),
                                                header_of(*message, "traceparent").value_or(""));
  auto work = std::make_shared<job>();
  work->message = std::move(message);
  {
    const std::lock_guard lock(mutex_);
    working_.push_back(work);
  }
  if (auto* refused = std::get_if<command_outcome>(&read)) {
    outcomes_->put({std::move(work), std::move(*refused)});
    return;
  }
  auto& request = std::get<command_request>(read);
  work->type = request.type;
  auto done = traced_request(environment_.trace, request, "consume ", span_kind::consumer,
                             [outcomes = outcomes_, work](command_outcome outcome) {
                               outcomes->put({work, std::move(outcome)});
                             });
  environment_.app.submit(std::move(request), std::move(done));
}

void command_channel::finish() {
  auto next = std::chrono::steady_clock::now() + keep_alive_interval;
  for (;;) {
    auto ended = outcomes_->take(next);
    for (auto& one : ended) {
      conclude(one);
      ++concluded_;
      {
        const std::lock_guard lock(mutex_);
        std::erase(working_, one.work);
        turn_.notify_all();
      }
      environment_.pending->end();
    }
    {
      const std::lock_guard lock(mutex_);
      if (done_) return;
    }
    if (std::chrono::steady_clock::now() < next) continue;
    keep_alive();
    next = std::chrono::steady_clock::now() + keep_alive_interval;
  }
}

void command_channel::conclude(finished& one) {
  auto& message = *one.work->message;
  const auto metadata = metadata_of(message);
  const auto status = one.outcome.status;
  const bool crashes =
      status == outcome_status::failed && metadata && metadata->NumDelivered >= most_crashes;
  if (!is_final(status) && !crashes) {
    ++handed_back_;
    tell(message, again_after_a_second);
    return;
  }
  const bool cannot_be_handled =
      crashes || status == outcome_status::invalid || status == outcome_status::not_found;
  // What is not parked must not be acknowledged: it will come again.
  if (cannot_be_handled && !park(message, one)) return;
  answer(message, one.outcome);
  tell(message, acknowledged);
  ++acknowledged_;
}

void command_channel::keep_alive() {
  const std::lock_guard lock(mutex_);
  for (const auto& one : working_) tell(*one->message, in_progress);
}

void command_channel::tell(natsMsg& message, const char* what) const {
  natsConnection_PublishString(environment_.broker->native(), natsMsg_GetReply(&message), what);
}

void command_channel::answer(natsMsg& message, const command_outcome& outcome) const {
  const auto to = header_of(message, "Troupe-Outcome-To");
  if (!to || to->empty()) return;
  const auto body = to_message(outcome);
  natsConnection_Publish(environment_.broker->native(), std::string(*to).c_str(), body.data(),
                         static_cast<int>(body.size()));
}

bool command_channel::park(natsMsg& message, const finished& one) {
  const auto metadata = metadata_of(message);
  parked_message letter;
  letter.channel = "nats-commands";
  letter.subject = subject_of(message);
  letter.position = metadata ? metadata->Sequence.Stream : 0;
  letter.message_id = one.outcome.command_id;
  letter.type = one.work->type;
  letter.reason = one.outcome.detail;
  letter.time = environment_.time.now();
  if (!environment_.parked.park(category_, letter)) return false;
  ++parked_;
  return true;
}

bridge_work command_channel::work() const {
  const std::uint64_t concluded = concluded_;
  const auto under_way = taken_ - concluded;
  bridge_work seen{consumer_name_, consumer_.heard() + concluded, ""};
  if (!is_here() || !environment_.broker->connected()) return seen;
  seen.waits_for = under_way < environment_.max_in_flight
                       ? "the broker"
                       : "the outcomes of " + std::to_string(under_way) + " commands";
  return seen;
}

json command_channel::describe() const {
  const std::lock_guard lock(mutex_);
  return {{"category", category_},
          {"consumer", consumer_name_},
          {"here", is_here()},
          {"inFlight", working_.size()},
          {"maxInFlight", environment_.max_in_flight},
          {"taken", taken_.load()},
          {"acknowledged", acknowledged_.load()},
          {"handedBack", handed_back_.load()},
          {"parked", parked_.load()}};
}

}  // namespace troupe::nats
