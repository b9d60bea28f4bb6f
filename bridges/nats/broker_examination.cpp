#include "bridges/nats/broker_examination.hpp"

#include <array>
#include <charconv>
#include <memory>
#include <string_view>

#include "bridges/nats/server_info.hpp"
#include "bridges/nats/streams.hpp"

namespace troupe::nats {
namespace {

using account_ptr = std::unique_ptr<jsAccountInfo, destroys<jsAccountInfo_Destroy>>;

/// Replicated compare-and-set is broken before it.
constexpr std::array least_version{2, 10};

/// "2.10.27" as {2, 10}.
std::array<int, 2> parse_version(std::string_view text) {
  std::array<int, 2> parts{};
  const char* end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, parts[0]);
  if (major.ptr != end && *major.ptr == '.') std::from_chars(major.ptr + 1, end, parts[1]);
  return parts;
}

diagnosis examine_version(const connection& broker) {
  std::array<char, 512> url{};
  natsConnection_GetConnectedUrl(broker.native(), url.data(), url.size());
  const auto info = read_server_info(url.data());
  const auto version = info ? info->value("version", "") : "";
  if (version.empty()) {
    return doubtful("broker", "answers, but does not say its version",
                    "see that it is nats-server 2.10 or newer");
  }
  if (parse_version(version) >= least_version)
    return well("broker", "nats-server " + version + " answers");
  return ill("broker",
             "nats-server " + version +
                 " answers, which is older than 2.10: with several replicas two nodes may both win "
                 "one race",
             "install nats-server 2.10 or newer");
}

diagnosis examine_jetstream(const connection& broker) {
  jsAccountInfo* found = nullptr;
  const auto status = js_GetAccountInfo(&found, broker.jetstream(), nullptr, nullptr);
  const account_ptr owned(found);
  if (status == NATS_OK) return well("JetStream", "is on");
  return ill("JetStream", failure_of(status, "it does not answer").message,
             "start the broker with -js, or enable JetStream for this account");
}

std::string replicas_text(int count) {
  return std::to_string(count) + (count == 1 ? " replica" : " replicas");
}

diagnosis examine_stream(streams& all, const std::string& category, int replicas) {
  const auto about = "stream of " + category;
  auto found = all.find(category);
  if (!found) {
    return ill(about, found.error().message,
               found.error().code == errc::invalid ? "mend the stream as it says there"
                                                   : "look at the broker's log");
  }
  if (!*found) return well(about, "is not there yet; a node makes it");
  if ((*found)->replicas < replicas) {
    return doubtful(
        about,
        "has " + replicas_text((*found)->replicas) + " where --replicas wants " +
            std::to_string(replicas),
        "nats stream edit " + (*found)->name + " --replicas " + std::to_string(replicas));
  }
  return well(about, "is set up as it must be, with " + replicas_text((*found)->replicas));
}

}  // namespace

std::vector<diagnosis> examine_broker(const connection_options& options, const log_options& log,
                                      const std::vector<std::string>& categories,
                                      std::size_t largest) {
  const auto broker = connection::open(options);
  if (!broker) {
    return {ill("broker", broker.error().message,
                "start it, or mend --nats, --nats-creds, --nats-ca as the message says")};
  }
  std::vector<diagnosis> found{examine_version(**broker), examine_jetstream(**broker)};
  if (found.back().what == diagnosis::level::fail) return found;
  streams all(*broker, names(log.cluster), log.replicas);
  for (const auto& category : categories)
    found.push_back(examine_stream(all, category, log.replicas));
  const auto taken = (*broker)->max_payload();
  const auto text = "it takes " + std::to_string(taken) + " bytes at a time";
  if (taken < largest) {
    found.push_back(doubtful(
        "broker's messages", text + ", the largest commands may need " + std::to_string(largest),
        "raise max_payload in the broker's configuration, or lower --max-body"));
  } else {
    found.push_back(well("broker's messages", text));
  }
  return found;
}

}  // namespace troupe::nats
