#include "bridges/nats/nats_event_log.hpp"

#include "test/contract/event_log_contract.hpp"
#include "test/contract/nats_server.hpp"

namespace troupe::contract {
namespace {

/// All subjects share a broker and keep apart as clusters do.
class nats_log_subject final : public log_subject {
 public:
  event_log& log() override { return *log_; }
  void reopen() override {
    log_.reset();
    log_ = open();
  }

 private:
  [[nodiscard]] std::unique_ptr<event_log> open() const {
    static nats_server server;
    nats::connection_options where;
    where.urls = {server.url()};
    return must(nats::open_event_log(must(nats::connection::open(where)), {cluster_, 1}));
  }

  static std::string next_cluster() {
    static int count = 0;
    return "c" + std::to_string(++count);
  }

  const std::string cluster_ = next_cluster();
  std::unique_ptr<event_log> log_ = open();
};

const bool nats_event_log_registered =
    event_log_contract("nats_event_log", [] { return std::make_unique<nats_log_subject>(); });

}  // namespace
}  // namespace troupe::contract
