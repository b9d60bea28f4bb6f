// The bare baselines of the broker, and a client of Troupe's own channels: nats.c as a program
// without Troupe would use it.
//
//   nats_baseline publish URL COUNT
//       publishes COUNT messages like the log's, js_PublishAsync, until all are acknowledged; into
//       a stream that it makes and removes
//   nats_baseline ask URL COUNT RUN
//   nats_baseline durable URL COUNT RUN
//       asks COUNT commands, or publishes durable ones, a window of them at a time, and waits for
//       all outcomes
//   nats_baseline bare-ask URL COUNT RUN
//   nats_baseline bare-durable URL COUNT RUN
//       the same from a service of its own, which stores a message like the log's for each command
//       and answers when it is acknowledged, and does nothing else
//   nats_baseline load URL STREAM SUBJECT
//       one direct get, and one ordered consumer that reads the subject to its end
//
// The last one prints microseconds, the others commands per second. RUN makes the people of a run
// its own.
#include <nats/nats.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

using steady = std::chrono::steady_clock;

constexpr std::int64_t patience_milliseconds = 60'000;
constexpr std::uint64_t window = 1'000;

natsConnection* broker = nullptr;
jsCtx* jetstream = nullptr;

void check(natsStatus status) {
  if (status == NATS_OK) return;
  std::cerr << "nats_baseline: " << natsStatus_GetText(status) << '\n';
  std::exit(1);
}

double per_second(std::uint64_t count, steady::time_point since) {
  return static_cast<double>(count) / std::chrono::duration<double>(steady::now() - since).count();
}

void add_stream(const char* name, const char* subject) {
  jsStreamConfig config;
  jsStreamConfig_Init(&config);
  config.Name = name;
  config.Subjects = &subject;
  config.SubjectsLen = 1;
  config.DenyPurge = true;
  config.AllowDirect = true;
  check(js_AddStream(nullptr, jetstream, &config, nullptr, nullptr));
}

void remove_stream(const char* name) { check(js_DeleteStream(jetstream, name, nullptr, nullptr)); }

/// A message like the log's, of the size of a UserAdded with its metadata.
natsMsg* event(std::uint64_t number, const char* reply = nullptr) {
  static const std::string body(620, 'x');
  const auto id = "00000000-0000-7000-8000-" + std::to_string(100'000'000'000 + number);
  natsMsg* message = nullptr;
  check(natsMsg_Create(&message, ("bench." + id).c_str(), reply, body.data(),
                       static_cast<int>(body.size())));
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, std::string>>{
           {"Nats-Msg-Id", "commit:" + id},
           {"Troupe-Command-Id", id},
           {"Troupe-Version", "1"},
           {"Troupe-Events", "1"},
           {"Troupe-Digest", "12345678901234567890"},
           {"Troupe-Time", "2026-01-31T12:34:56.789Z"},
           {"Troupe-Previous-Sequence", "0"},
           {"Nats-Expected-Last-Subject-Sequence", "0"}}) {
    check(natsMsgHeader_Set(message, name, value.c_str()));
  }
  return message;
}

double publish(std::uint64_t count) {
  add_stream("bench", "bench.*");
  const auto since = steady::now();
  for (std::uint64_t i = 0; i < count; ++i) {
    auto* message = event(i);
    check(js_PublishMsgAsync(jetstream, &message, nullptr));
  }
  jsPubOptions all;
  jsPubOptions_Init(&all);
  all.MaxWait = patience_milliseconds;
  check(js_PublishAsyncComplete(jetstream, &all));
  const auto rate = per_second(count, since);
  natsMsgList failed{};
  if (js_PublishAsyncGetPendingList(&failed, jetstream) == NATS_OK) check(NATS_TIMEOUT);
  remove_stream("bench");
  return rate;
}

std::string command(const std::string& run, std::uint64_t number) {
  const auto name = run + '-' + std::to_string(number);
  return R"({"id":")" + name +
         R"(","type":"AddUser","metadata":{"traceId":"bench","userId":""},"data":{"auth0Id":"auth0|)" +
         name + R"(","email":")" + name +
         R"(@example.com","emailVerified":true,"firstName":"Zoë","lastName":"Washburne",)"
         R"("picture":"https://example.com/faces/4711.png","locale":"en"}})";
}

/// Takes one answer, which must be of an accepted command.
void take_outcome(natsSubscription* outcomes) {
  natsMsg* received = nullptr;
  check(natsSubscription_NextMsg(&received, outcomes, patience_milliseconds));
  const std::string text(natsMsg_GetData(received),
                         static_cast<std::size_t>(natsMsg_GetDataLength(received)));
  natsMsg_Destroy(received);
  if (text.find(R"("accepted")") != std::string::npos) return;
  std::cerr << "nats_baseline: " << text << '\n';
  std::exit(1);
}

/// Sends with `send(body)`, at most a window ahead of the outcomes.
template <class Send>
double commands(natsSubscription* outcomes, const std::string& run, std::uint64_t count,
                Send send) {
  check(natsSubscription_SetPendingLimits(outcomes, -1, -1));
  const auto since = steady::now();
  for (std::uint64_t i = 0; i < count; ++i) {
    if (i >= window) take_outcome(outcomes);
    send(command(run, i));
  }
  for (std::uint64_t i = 0; i < std::min(count, window); ++i) take_outcome(outcomes);
  return per_second(count, since);
}

double durable(std::uint64_t count, const std::string& run, const char* subject) {
  natsSubscription* outcomes = nullptr;
  const auto inbox = "bench-outcomes-" + run;
  check(natsConnection_SubscribeSync(&outcomes, broker, inbox.c_str()));
  return commands(outcomes, run, count, [&](const std::string& body) {
    natsMsg* message = nullptr;
    check(natsMsg_Create(&message, subject, nullptr, body.data(), static_cast<int>(body.size())));
    check(natsMsgHeader_Set(message, "Troupe-Outcome-To", inbox.c_str()));
    check(js_PublishMsgAsync(jetstream, &message, nullptr));
  });
}

double ask(std::uint64_t count, const std::string& run, const char* subject) {
  natsSubscription* outcomes = nullptr;
  const auto inbox = "bench-answers-" + run;
  check(natsConnection_SubscribeSync(&outcomes, broker, inbox.c_str()));
  return commands(outcomes, run, count, [&](const std::string& body) {
    check(natsConnection_PublishRequest(broker, subject, inbox.c_str(), body.data(),
                                        static_cast<int>(body.size())));
  });
}

/// Stores an event for each command that it takes, and answers each when its event is
/// acknowledged: the least that a service can do. On a connection of its own.
class bare_service {
 public:
  explicit bare_service(const char* url) {
    check(natsConnection_ConnectTo(&connection_, url));
    check(natsConnection_Subscribe(&stored_, connection_, "bench-stored.*", on_stored, this));
    check(natsSubscription_SetPendingLimits(stored_, -1, -1));
    check(natsConnection_Flush(connection_));
    add_stream("bench", "bench.*");
  }
  bare_service(const bare_service&) = delete;
  bare_service& operator=(const bare_service&) = delete;
  ~bare_service() {
    await_answers();
    natsConnection_Close(connection_);
    natsSubscription_Destroy(stored_);
    natsSubscription_Destroy(asked_);
    natsConnection_Destroy(connection_);
    remove_stream("bench");
  }

  void answer(const char* subject) {
    check(natsConnection_Subscribe(&asked_, connection_, subject, on_command, this));
    check(natsSubscription_SetPendingLimits(asked_, -1, -1));
    check(natsConnection_Flush(connection_));
  }

  /// Works off a durable consumer.
  void consume(const char* stream, const char* subject, std::uint64_t count) {
    jsCtx* context = nullptr;
    check(natsConnection_JetStream(&context, connection_, nullptr));
    natsSubscription* consumer = nullptr;
    jsSubOptions options;
    jsSubOptions_Init(&options);
    options.Stream = stream;
    options.Config.MaxAckPending = static_cast<std::int64_t>(2 * window);
    check(js_PullSubscribe(&consumer, context, subject, "bench", nullptr, &options, nullptr));
    for (std::uint64_t taken = 0; taken < count;) {
      natsMsgList batch{};
      check(natsSubscription_Fetch(&batch, consumer, 256, patience_milliseconds, nullptr));
      for (int i = 0; i < batch.Count; ++i) take(std::exchange(batch.Msgs[i], nullptr));
      taken += static_cast<std::uint64_t>(batch.Count);
      natsMsgList_Destroy(&batch);
    }
    await_answers();  // Messages are acknowledged through the consumer.
    natsSubscription_Destroy(consumer);
    jsCtx_Destroy(context);
  }

 private:
  static void on_command(natsConnection* /*on*/, natsSubscription* /*of*/, natsMsg* command,
                         void* self) {
    static_cast<bare_service*>(self)->take(command);
  }

  void await_answers() {
    std::unique_lock lock(mutex_);
    concluded_.wait(lock, [&] { return left_ == 0; });
  }

  void take(natsMsg* command) {
    std::uint64_t number = 0;
    {
      const std::lock_guard lock(mutex_);
      number = ++taken_;
      ++left_;
      waiting_.emplace(number, command);
    }
    auto* message = event(number, ("bench-stored." + std::to_string(number)).c_str());
    check(natsConnection_PublishMsg(connection_, message));
    natsMsg_Destroy(message);
  }

  static void on_stored(natsConnection* /*on*/, natsSubscription* /*of*/, natsMsg* acknowledged,
                        void* self) {
    const std::string subject = natsMsg_GetSubject(acknowledged);
    natsMsg_Destroy(acknowledged);
    static_cast<bare_service*>(self)->conclude(std::stoull(subject.substr(subject.find('.') + 1)));
  }

  void conclude(std::uint64_t number) {
    natsMsg* command = nullptr;
    {
      const std::lock_guard lock(mutex_);
      const auto found = waiting_.find(number);
      command = found->second;
      waiting_.erase(found);
    }
    // As long as Troupe's answer, which holds the events.
    static const std::string outcome = R"({"status":"accepted"})" + std::string(600, ' ');
    const char* to = nullptr;
    const bool durable = natsMsgHeader_Get(command, "Troupe-Outcome-To", &to) == NATS_OK;
    check(natsConnection_Publish(connection_, durable ? to : natsMsg_GetReply(command),
                                 outcome.data(), static_cast<int>(outcome.size())));
    if (durable) check(natsMsg_Ack(command, nullptr));
    natsMsg_Destroy(command);
    const std::lock_guard lock(mutex_);
    if (--left_ == 0) concluded_.notify_all();
  }

  natsConnection* connection_ = nullptr;
  natsSubscription* stored_ = nullptr;
  natsSubscription* asked_ = nullptr;
  std::mutex mutex_;
  std::condition_variable concluded_;
  std::uint64_t taken_ = 0;
  std::uint64_t left_ = 0;  ///< Taken, and not answered.
  std::unordered_map<std::uint64_t, natsMsg*> waiting_;
};

double bare_ask(const char* url, std::uint64_t count, const std::string& run) {
  bare_service service(url);
  service.answer("bench-ask");
  return ask(count, run, "bench-ask");
}

double bare_durable(const char* url, std::uint64_t count, const std::string& run) {
  add_stream("bench-commands", "bench-command");
  double rate = 0;
  {
    bare_service service(url);
    std::thread worker([&] { service.consume("bench-commands", "bench-command", count); });
    rate = durable(count, run, "bench-command");
    worker.join();
  }
  remove_stream("bench-commands");
  return rate;
}

void direct_get(const std::string& stream, const std::string& subject) {
  jsDirectGetMsgOptions options;
  jsDirectGetMsgOptions_Init(&options);
  options.LastBySubject = subject.c_str();
  natsMsg* found = nullptr;
  check(js_DirectGetMsg(&found, jetstream, stream.c_str(), nullptr, &options));
  natsMsg_Destroy(found);
}

void read_to_end(const std::string& stream, const std::string& subject) {
  jsSubOptions options;
  jsSubOptions_Init(&options);
  options.Stream = stream.c_str();
  options.Ordered = true;
  natsSubscription* consumer = nullptr;
  check(js_SubscribeSync(&consumer, jetstream, subject.c_str(), nullptr, &options, nullptr));
  for (std::uint64_t left = 1; left > 0;) {
    natsMsg* received = nullptr;
    check(natsSubscription_NextMsg(&received, consumer, patience_milliseconds));
    jsMsgMetaData* metadata = nullptr;
    check(natsMsg_GetMetaData(&metadata, received));
    left = metadata->NumPending;
    jsMsgMetaData_Destroy(metadata);
    natsMsg_Destroy(received);
  }
  natsSubscription_Unsubscribe(consumer);
  natsSubscription_Destroy(consumer);
}

double load(const std::string& stream, const std::string& subject) {
  std::vector<double> times;
  for (int i = 0; i < 101; ++i) {
    const auto since = steady::now();
    direct_get(stream, subject);
    read_to_end(stream, subject);
    times.push_back(std::chrono::duration<double, std::micro>(steady::now() - since).count());
  }
  std::ranges::nth_element(times, times.begin() + 50);
  return times[50];
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> given(argv + 1, argv + argc);
  if (given.size() < 3) return 2;
  check(natsConnection_ConnectTo(&broker, given[1].c_str()));
  jsOptions options;
  jsOptions_Init(&options);
  options.PublishAsync.MaxPending = static_cast<std::int64_t>(window);
  options.PublishAsync.StallWait = patience_milliseconds;
  check(natsConnection_JetStream(&jetstream, broker, &options));
  const auto count = std::strtoull(given[2].c_str(), nullptr, 10);
  double figure = 0;
  if (given[0] == "publish") figure = publish(count);
  if (given.size() == 4) {
    const auto& run = given[3];
    if (given[0] == "durable") figure = durable(count, run, "identity.command");
    if (given[0] == "ask") figure = ask(count, run, "troupe.ask.identity");
    if (given[0] == "bare-durable") figure = bare_durable(given[1].c_str(), count, run);
    if (given[0] == "bare-ask") figure = bare_ask(given[1].c_str(), count, run);
  }
  if (given[0] == "load" && given.size() == 4) figure = load(given[2], given[3]);
  std::cout << figure << std::endl;
  return figure > 0 ? 0 : 2;
}
