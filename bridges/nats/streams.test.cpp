#include "bridges/nats/streams.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <string>

#include "test/contract/contract.hpp"
#include "test/contract/nats_server.hpp"

namespace troupe::nats {
namespace {

using contract::must;
using contract::nats_server;

/// Takes the place of JetStream in a server that has none: answers every question for a stream with
/// one error.
class refusing_jetstream {
 public:
  refusing_jetstream(natsConnection* server, const std::string& error)
      : answer_(R"({"type":"io.nats.jetstream.api.v1.stream_info_response","error":)" + error +
                '}') {
    natsSubscription* made = nullptr;
    const auto status =
        natsConnection_Subscribe(&made, server, "$JS.API.STREAM.INFO.*", answer, this);
    BOOST_TEST_REQUIRE(status == NATS_OK);
    subscription_.reset(made);
    BOOST_TEST_REQUIRE(natsConnection_Flush(server) == NATS_OK);
  }
  refusing_jetstream(const refusing_jetstream&) = delete;
  refusing_jetstream& operator=(const refusing_jetstream&) = delete;

 private:
  static void answer(natsConnection* server, natsSubscription*, natsMsg* asked, void* self) {
    const message_ptr owned(asked);
    natsConnection_PublishString(server, natsMsg_GetReply(asked),
                                 static_cast<refusing_jetstream*>(self)->answer_.c_str());
  }

  const std::string answer_;
  subscription_ptr subscription_;
};

struct refusals {
  nats_server server{nats_server::keeps::nothing};
  std::shared_ptr<connection> broker = [this] {
    connection_options options;
    options.urls = {server.url()};
    return must(connection::open(options));
  }();

  [[nodiscard]] error refusal(const std::string& reason) const {
    const refusing_jetstream jetstream(broker->native(), reason);
    const auto found = streams(broker, names("troupe"), 1).find("identity");
    BOOST_TEST_REQUIRE(!found.has_value());
    return found.error();
  }
};

BOOST_FIXTURE_TEST_SUITE(streams_of_a_broker, refusals)

BOOST_AUTO_TEST_CASE(a_cluster_that_looks_for_itself_is_unavailable_for_now) {
  constexpr auto passing = std::to_array({
      R"({"code":503,"err_code":10008,"description":"JetStream system temporarily unavailable"})",
      R"({"code":503,"err_code":10009,"description":"JetStream cluster can not handle request"})",
      R"({"code":400,"err_code":10005,"description":"no suitable peers for placement, peer offline"})",
      R"({"code":500,"err_code":10077,"description":"error creating store for stream: in use"})",
      R"({"code":500,"err_code":10118,"description":"stream is offline"})",
  });
  for (const auto* reason : passing) {
    const auto refused = refusal(reason);
    BOOST_TEST((refused.code == errc::unavailable), reason << ": " << refused.message);
    BOOST_TEST(refused.message.find("'troupe_identity'") != std::string::npos, refused.message);
  }
}

BOOST_AUTO_TEST_CASE(what_does_not_pass_by_itself_is_not_waited_for) {
  const auto refused =
      refusal(R"({"code":500,"err_code":10052,"description":"general stream error"})");
  BOOST_TEST((refused.code == errc::internal), refused.message);
  BOOST_TEST(refused.message.find("general stream error") != std::string::npos, refused.message);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe::nats
