#include "bridges/nats/broker_probe.hpp"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "bridges/nats/publish_reply.hpp"
#include "bridges/nats/request_window.hpp"

namespace troupe::nats {
namespace {

constexpr int rounds = 48;
/// A stream with replicas needs a moment until it has a leader.
constexpr int tries_per_race = 50;
constexpr auto pause_for_replicas = std::chrono::milliseconds(100);

/// A stream in memory that goes with the object.
class scratch_stream {
 public:
  static result<std::unique_ptr<scratch_stream>> make(connection& broker, std::string name,
                                                      const std::string& subject, int replicas) {
    std::array subjects{subject.c_str()};
    jsStreamConfig config;
    jsStreamConfig_Init(&config);
    config.Name = name.c_str();
    config.Description = "Troupe's probe of the broker at start; may be deleted";
    config.Subjects = subjects.data();
    config.SubjectsLen = subjects.size();
    config.Storage = js_MemoryStorage;
    config.Replicas = replicas;
    jsErrCode code{};
    const auto status = js_AddStream(nullptr, broker.jetstream(), &config, nullptr, &code);
    if (status != NATS_OK) {
      auto problem = failure_of(
          status, "JetStream cannot make a stream with " + std::to_string(replicas) + " replicas");
      problem.message += "; enable it ('nats-server -js') or lower --replicas";
      if (status == NATS_NO_RESPONDERS) problem.code = errc::invalid;
      const bool on_its_way = code == JSClusterNotAvailErr || code == JSClusterNotLeaderErr ||
                              code == JSClusterNoPeersErr;
      if (on_its_way) problem.code = errc::unavailable;
      return problem;
    }
    return std::unique_ptr<scratch_stream>(new scratch_stream(broker, std::move(name)));
  }
  scratch_stream(const scratch_stream&) = delete;
  scratch_stream& operator=(const scratch_stream&) = delete;
  ~scratch_stream() { js_DeleteStream(broker_.jetstream(), name_.c_str(), nullptr, nullptr); }

 private:
  scratch_stream(connection& broker, std::string name) : broker_(broker), name_(std::move(name)) {}

  connection& broker_;
  const std::string name_;
};

class connected_racers final : public racers {
 public:
  connected_racers(const connection& broker, std::string subject,
                   std::array<std::unique_ptr<request_window>, count> windows)
      : broker_(broker), subject_(std::move(subject)), windows_(std::move(windows)) {}

  result<std::array<position_t, count>> race(position_t expected_last) override {
    outgoing message{subject_, "probe", {}};
    expect_last(message, expected_last);
    for (int i = 0; i < tries_per_race; ++i) {
      std::array<answer, count> answers;
      const auto deadline = std::chrono::steady_clock::now() + broker_.options().answer_timeout;
      std::thread other([&] { answers[1] = windows_[1]->exchange(message, deadline); });
      answers[0] = windows_[0]->exchange(message, deadline);
      other.join();
      std::array<position_t, count> won{};
      bool refused = false;
      for (std::size_t j = 0; j < count; ++j) {
        const auto reply = read_publish_reply(answers[j]);
        if (reply.what == publish_reply::verdict::stored) won[j] = reply.position;
        refused = refused || reply.what == publish_reply::verdict::refused;
        if (reply.what == publish_reply::verdict::unknown) {
          return error{errc::unavailable, "the broker's probe was not answered: " + reply.detail};
        }
      }
      if (!refused) return won;
      broker_.pause(pause_for_replicas);
    }
    return error{errc::unavailable, "the broker's probe found no leader of its stream"};
  }

 private:
  const connection& broker_;
  const std::string subject_;
  const std::array<std::unique_ptr<request_window>, count> windows_;
};

}  // namespace

result<void> prove_compare_and_set(racers& two, int how_often) {
  position_t last = 0;
  for (int round = 1; round <= how_often; ++round) {
    const auto won = two.race(last);
    if (!won) return won.error();
    const auto winners = std::ranges::count_if(*won, [](position_t at) { return at > 0; });
    if (winners > 1) {
      return error{
          errc::unsupported,
          "this broker cannot keep the log: two writers won the same compare-and-set (round " +
              std::to_string(round) + " of " + std::to_string(how_often) +
              "); nats-server before 2.10 does this in a cluster: upgrade every server"};
    }
    last = std::max(last, *std::ranges::max_element(*won));
  }
  return {};
}

result<void> probe_broker(connection& broker, const std::string& cluster, int replicas) {
  auto second = connection::open(broker.options());
  if (!second) return second.error();
  // The probe's own connection as well, so that the two are alike.
  auto first = connection::open(broker.options());
  if (!first) return first.error();
  const auto id = std::to_string(std::chrono::system_clock::now().time_since_epoch().count());
  const auto subject = cluster + ".probe." + id;
  const auto scratch = scratch_stream::make(broker, cluster + "_probe_" + id, subject, replicas);
  if (!scratch) return scratch.error();
  auto one = request_window::open(*first);
  if (!one) return one.error();
  auto other = request_window::open(*second);
  if (!other) return other.error();
  connected_racers two(broker, subject, {std::move(*one), std::move(*other)});
  return prove_compare_and_set(two, rounds);
}

}  // namespace troupe::nats
