// The bare baselines of the broker, and a client of Troupe's own channels: nats.c as a program
// without Troupe would use it.
//
//   nats_baseline publish URL COUNT        publishes COUNT messages like the log's,
//   js_PublishAsync, until all are acknowledged;
//                                          into a stream that it makes and removes
//   nats_baseline durable URL COUNT RUN    publishes COUNT durable commands and waits for all
//   outcomes nats_baseline ask URL COUNT RUN        asks COUNT commands, a window of them at a time
//   nats_baseline load URL STREAM SUBJECT  one direct get, and one ordered consumer that reads the
//   subject to its end
//
// The first three print commands per second, the last one microseconds. RUN makes the people of a
// run its own.
#include <nats/nats.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
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

double publish(std::uint64_t count) {
  const char* subjects[] = {"bench.*"};
  jsStreamConfig config;
  jsStreamConfig_Init(&config);
  config.Name = "bench";
  config.Subjects = subjects;
  config.SubjectsLen = 1;
  config.DenyPurge = true;
  config.AllowDirect = true;
  check(js_AddStream(nullptr, jetstream, &config, nullptr, nullptr));
  const std::string body(620, 'x');  // The size of a UserAdded with its metadata.
  const auto since = steady::now();
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto id = "00000000-0000-7000-8000-" + std::to_string(100'000'000'000 + i);
    natsMsg* message = nullptr;
    check(natsMsg_Create(&message, ("bench." + id).c_str(), nullptr, body.data(),
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
    check(js_PublishMsgAsync(jetstream, &message, nullptr));
  }
  jsPubOptions all;
  jsPubOptions_Init(&all);
  all.MaxWait = patience_milliseconds;
  check(js_PublishAsyncComplete(jetstream, &all));
  const auto rate = per_second(count, since);
  natsMsgList failed{};
  if (js_PublishAsyncGetPendingList(&failed, jetstream) == NATS_OK) check(NATS_TIMEOUT);
  check(js_DeleteStream(jetstream, "bench", nullptr, nullptr));
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

double durable(std::uint64_t count, const std::string& run) {
  natsSubscription* outcomes = nullptr;
  const auto inbox = "bench-outcomes-" + run;
  check(natsConnection_SubscribeSync(&outcomes, broker, inbox.c_str()));
  return commands(outcomes, run, count, [&](const std::string& body) {
    natsMsg* message = nullptr;
    check(natsMsg_Create(&message, "identity.command", nullptr, body.data(),
                         static_cast<int>(body.size())));
    check(natsMsgHeader_Set(message, "Troupe-Outcome-To", inbox.c_str()));
    check(js_PublishMsgAsync(jetstream, &message, nullptr));
  });
}

double ask(std::uint64_t count, const std::string& run) {
  natsSubscription* outcomes = nullptr;
  const auto inbox = "bench-answers-" + run;
  check(natsConnection_SubscribeSync(&outcomes, broker, inbox.c_str()));
  return commands(outcomes, run, count, [&](const std::string& body) {
    check(natsConnection_PublishRequest(broker, "troupe.ask.identity", inbox.c_str(), body.data(),
                                        static_cast<int>(body.size())));
  });
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
  if (given[0] == "durable" && given.size() == 4) figure = durable(count, given[3]);
  if (given[0] == "ask" && given.size() == 4) figure = ask(count, given[3]);
  if (given[0] == "load" && given.size() == 4) figure = load(given[2], given[3]);
  std::cout << figure << std::endl;
  return figure > 0 ? 0 : 2;
}
