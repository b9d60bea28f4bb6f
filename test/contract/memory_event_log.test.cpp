#include "runtime/testkit/memory_event_log.hpp"

#include "test/contract/event_log_contract.hpp"

namespace troupe::contract {
namespace {

class memory_log_subject final : public log_subject {
 public:
  event_log& log() override { return log_; }
  void reopen() override {}

 private:
  testkit::memory_event_log log_;
};

const bool memory_event_log_registered =
    event_log_contract("memory_event_log", [] { return std::make_unique<memory_log_subject>(); });

}  // namespace
}  // namespace troupe::contract
