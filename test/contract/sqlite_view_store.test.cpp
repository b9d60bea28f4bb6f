#include "bridges/sqlite/sqlite_view_store.hpp"

#include "test/contract/temporary_directory.hpp"
#include "test/contract/view_store_contract.hpp"

namespace troupe::contract {
namespace {

class sqlite_view_subject final : public view_subject {
 public:
  view_store& store() override { return *store_; }
  void reopen() override {
    store_.reset();
    store_ = must(sqlite::open_view_store(directory_ / "people.db"));
  }

 private:
  temporary_directory directory_;
  std::unique_ptr<view_store> store_ = must(sqlite::open_view_store(directory_ / "people.db"));
};

const bool sqlite_view_store_registered = view_store_contract(
    "sqlite_view_store", [] { return std::make_unique<sqlite_view_subject>(); });

}  // namespace
}  // namespace troupe::contract
