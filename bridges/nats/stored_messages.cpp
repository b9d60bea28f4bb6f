#include "bridges/nats/stored_messages.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "runtime/core/json.hpp"

namespace troupe::nats {
namespace {

constexpr int not_found = 404;
constexpr int read_tries = 2;
/// A follower of nats-server waits so long at least until it takes its leader for gone.
constexpr auto shortest_election = std::chrono::seconds(4);
/// The broker's error code for a question about a message that is not there.
constexpr int no_message_found = 10037;

error no_answer(const stream_facts& in) {
  return {errc::unavailable, "the stream '" + in.name + "' does not answer; try again"};
}

outgoing direct_get_of(const stream_facts& in, std::string question) {
  return {"$JS.API.DIRECT.GET." + in.name, std::move(question), {}};
}

std::string last_by(const std::string& subject) { return R"({"last_by_subj":")" + subject + "\"}"; }

/// Nothing when there is no such message; the outer nothing when the answer settles nothing.
std::optional<std::optional<stored_message>> read(answer& received) {
  if (!received.message) return std::nullopt;
  const auto status = status_of(*received.message);
  if (status == not_found) return std::optional<stored_message>();
  const auto subject = header_of(*received.message, "Nats-Subject");
  const auto sequence = number_of(*received.message, "Nats-Sequence");
  if (status != 0 || !subject || !sequence) return std::nullopt;
  std::string name(*subject);
  return stored_message{std::move(received.message), std::move(name), *sequence};
}

/// Whether the leader that answered is the only one there can be: a majority of the servers, itself
/// included, has heard it since one of them could have begun to elect another.
bool sees_majority(const jsStreamInfo& seen) {
  if (seen.Cluster == nullptr) return true;
  const auto& cluster = *seen.Cluster;
  int followers = 0;
  for (int i = 0; i < cluster.ReplicasLen; ++i) {
    const auto& one = *cluster.Replicas[i];
    if (std::chrono::nanoseconds(one.Active) < shortest_election) ++followers;
  }
  return 2 * (followers + 1) > cluster.ReplicasLen + 1;
}

result<std::optional<stored_message>> from_leader(const stream_facts& in, natsStatus status,
                                                  natsMsg* found) {
  if (status == NATS_NOT_FOUND) return std::optional<stored_message>();
  if (status != NATS_OK) return failure_of(status, "the stream '" + in.name + "'");
  message_ptr owned(found);
  std::string subject(subject_of(*owned));
  const auto sequence = natsMsg_GetSequence(found);
  return std::optional(stored_message{std::move(owned), std::move(subject), sequence});
}

}  // namespace

result<std::optional<stored_message>> stored_messages::last(const stream_facts& in,
                                                            const std::string& subject) {
  if (in.replicas > 1) return ask_leader_for_last(in, subject);
  return direct_get(in, last_by(subject));
}

result<std::vector<std::optional<stored_message>>> stored_messages::last_of_each(
    const std::vector<newest_of>& asked) {
  using list = std::vector<std::optional<stored_message>>;
  if (std::ranges::any_of(asked, [](const newest_of& one) { return one.in.replicas > 1; })) {
    list found;
    for (const auto& one : asked) {
      auto newest = last(one.in, one.subject);
      if (!newest) return std::move(newest).error();
      found.push_back(std::move(*newest));
    }
    return found;
  }
  return windows_.with([&](request_window& window) -> result<list> {
    if (auto connected = broker_->connected(); !connected) return connected.error();
    std::vector<outgoing> questions;
    questions.reserve(asked.size());
    for (const auto& one : asked) questions.push_back(direct_get_of(one.in, last_by(one.subject)));
    auto answers = window.exchange(
        questions, std::chrono::steady_clock::now() + broker_->options().answer_timeout);
    list found;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      auto one = read(answers[i]);
      if (!one) return no_answer(asked[i].in);
      found.push_back(std::move(*one));
    }
    return found;
  });
}

result<std::optional<stored_message>> stored_messages::next(const stream_facts& in,
                                                            const std::string& subject,
                                                            position_t from) {
  const auto question =
      R"({"seq":)" + std::to_string(from) + R"(,"next_by_subj":")" + subject + "\"}";
  auto found = direct_get(in, question);
  if (!found || *found || in.replicas == 1) return found;
  // A follower may be behind, for long if it was cut off.
  return ask_leader_for_next(in, question);
}

result<std::optional<stored_message>> stored_messages::at(const stream_facts& in,
                                                          position_t sequence) {
  auto found = direct_get(in, R"({"seq":)" + std::to_string(sequence) + "}");
  if (!found || *found || in.replicas == 1) return found;
  return ask_leader(in, sequence);
}

result<std::vector<stored_message>> stored_messages::range(const stream_facts& in, position_t first,
                                                           position_t last) {
  std::vector<position_t> wanted(last + 1 - first);
  std::iota(wanted.begin(), wanted.end(), first);
  return at_each(in, std::move(wanted));
}

result<std::vector<stored_message>> stored_messages::at_each(const stream_facts& in,
                                                             std::vector<position_t> wanted) {
  using list = std::vector<stored_message>;
  return windows_.with([&](request_window& window) -> result<list> {
    list found;
    for (int i = 0; i < read_tries && !wanted.empty(); ++i) {
      std::vector<outgoing> questions;
      questions.reserve(wanted.size());
      for (const auto sequence : wanted)
        questions.push_back(direct_get_of(in, R"({"seq":)" + std::to_string(sequence) + "}"));
      auto answers = window.exchange(
          questions, std::chrono::steady_clock::now() + broker_->options().answer_timeout);
      std::vector<position_t> unanswered;
      for (std::size_t j = 0; j < wanted.size(); ++j) {
        auto one = read(answers[j]);
        if (!one) {
          unanswered.push_back(wanted[j]);
          continue;
        }
        if (!*one && in.replicas > 1) {
          auto asked = ask_leader(in, wanted[j]);
          if (!asked) return std::move(asked).error();
          *one = std::move(*asked);
        }
        if (*one) found.push_back(std::move(**one));
      }
      wanted = std::move(unanswered);
    }
    if (!wanted.empty()) return no_answer(in);
    std::ranges::sort(found, {}, &stored_message::sequence);
    return found;
  });
}

result<position_t> stored_messages::end(const stream_facts& in) {
  if (auto connected = broker_->connected(); !connected) return connected.error();
  jsStreamInfo* found = nullptr;
  const auto status =
      js_GetStreamInfo(&found, broker_->jetstream(), in.name.c_str(), nullptr, nullptr);
  if (status != NATS_OK) return failure_of(status, "the stream '" + in.name + "'");
  const std::unique_ptr<jsStreamInfo, destroys<jsStreamInfo_Destroy>> owned(found);
  if (!sees_majority(*found)) {
    return error{errc::unavailable, "the server that leads the stream '" + in.name +
                                        "' sees no majority of its servers: others may have "
                                        "stored more; try again"};
  }
  return found->State.LastSeq;
}

result<std::optional<stored_message>> stored_messages::direct_get(const stream_facts& in,
                                                                  const std::string& question) {
  using found = std::optional<stored_message>;
  return windows_.with([&](request_window& window) -> result<found> {
    for (int i = 0; i < read_tries; ++i) {
      if (auto connected = broker_->connected(); !connected) return connected.error();
      auto received =
          window.exchange(direct_get_of(in, question),
                          std::chrono::steady_clock::now() + broker_->options().answer_timeout);
      if (auto settled = read(received)) return std::move(*settled);
    }
    return no_answer(in);
  });
}

result<std::optional<stored_message>> stored_messages::ask_leader(const stream_facts& in,
                                                                  position_t sequence) {
  if (auto connected = broker_->connected(); !connected) return connected.error();
  natsMsg* found = nullptr;
  const auto status =
      js_GetMsg(&found, broker_->jetstream(), in.name.c_str(), sequence, nullptr, nullptr);
  return from_leader(in, status, found);
}

result<std::optional<stored_message>> stored_messages::ask_leader_for_next(
    const stream_facts& in, const std::string& question) {
  // The library asks the leader for a sequence or for the last of a subject only.
  return windows_.with([&](request_window& window) -> result<std::optional<stored_message>> {
    const auto received =
        window.exchange(outgoing{"$JS.API.STREAM.MSG.GET." + in.name, question, {}},
                        std::chrono::steady_clock::now() + broker_->options().answer_timeout);
    if (!received.message) return no_answer(in);
    const auto reply = json::parse(body_of(*received.message), nullptr, false);
    if (!reply.is_object()) return no_answer(in);
    if (const auto problem = reply.find("error"); problem != reply.end()) {
      if (problem->is_object() && problem->value("err_code", 0) == no_message_found)
        return std::optional<stored_message>();
      return no_answer(in);
    }
    static const json::json_pointer place("/message/seq");
    if (!reply.contains(place) || !reply.at(place).is_number_unsigned()) return no_answer(in);
    return ask_leader(in, reply.at(place).get<position_t>());
  });
}

result<std::optional<stored_message>> stored_messages::ask_leader_for_last(
    const stream_facts& in, const std::string& subject) {
  if (auto connected = broker_->connected(); !connected) return connected.error();
  natsMsg* found = nullptr;
  const auto status = js_GetLastMsg(&found, broker_->jetstream(), in.name.c_str(), subject.c_str(),
                                    nullptr, nullptr);
  return from_leader(in, status, found);
}

}  // namespace troupe::nats
