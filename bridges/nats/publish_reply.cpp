#include "bridges/nats/publish_reply.hpp"

#include <algorithm>
#include <array>

#include "runtime/core/json.hpp"

namespace troupe::nats {
namespace {

// The broker's error codes. A lost race has one number up to 2.10 and another on newer servers.
constexpr std::array lost_race{10071, 10164};
/// The same message id is on its way through the cluster.
constexpr int id_in_process = 10158;
/// The stream's leader is changing: the message may or may not have been proposed before.
constexpr std::array leader_changing{10008, 10009};

}  // namespace

publish_reply read_publish_reply(const answer& received) {
  using verdict = publish_reply::verdict;
  if (!received.sent) return {verdict::refused, 0, "the broker is away"};
  if (!received.message) return {verdict::unknown, 0, "the broker did not answer"};
  if (status_of(*received.message) == no_responders) {
    return {verdict::refused, 0, "no stream takes this subject now"};
  }
  const auto reply = json::parse(body_of(*received.message), nullptr, false);
  if (!reply.is_object()) return {verdict::unknown, 0, "the broker's answer cannot be read"};
  if (const auto problem = reply.find("error"); problem != reply.end() && problem->is_object()) {
    const auto code = problem->value("err_code", 0);
    auto detail = problem->value("description", std::string("an error without description"));
    if (std::ranges::count(lost_race, code) > 0) return {verdict::conflict, 0, std::move(detail)};
    const bool open = code == id_in_process || std::ranges::count(leader_changing, code) > 0;
    return {open ? verdict::unknown : verdict::refused, 0, std::move(detail)};
  }
  const auto sequence = reply.find("seq");
  if (sequence == reply.end() || !sequence->is_number_unsigned()) {
    return {verdict::unknown, 0, "the broker's answer has no sequence"};
  }
  return {reply.value("duplicate", false) ? verdict::repeated : verdict::stored,
          sequence->get<position_t>(), ""};
}

void expect_last(outgoing& sent, position_t sequence) {
  sent.headers.emplace_back("Nats-Expected-Last-Subject-Sequence", std::to_string(sequence));
}

}  // namespace troupe::nats
