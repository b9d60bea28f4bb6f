#include "bridges/sqlite/sqlite_event_log.hpp"

#include "test/contract/event_log_contract.hpp"
#include "test/contract/temporary_directory.hpp"

namespace troupe::contract {
namespace {

class sqlite_log_subject final : public log_subject {
 public:
  event_log& log() override { return *log_; }
  void reopen() override {
    log_.reset();
    log_ = must(sqlite::open_event_log(directory_.path()));
  }

 private:
  temporary_directory directory_;
  std::unique_ptr<event_log> log_ = must(sqlite::open_event_log(directory_.path()));
};

const bool sqlite_event_log_registered =
    event_log_contract("sqlite_event_log", [] { return std::make_unique<sqlite_log_subject>(); });

}  // namespace
}  // namespace troupe::contract
