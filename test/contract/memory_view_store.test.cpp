#include "runtime/testkit/memory_view_provider.hpp"
#include "test/contract/view_store_contract.hpp"

namespace troupe::contract {
namespace {

class memory_view_subject final : public view_subject {
 public:
  view_store& store() override { return *store_; }
  void reopen() override { store_ = must(provider_.open("people", database_role::views)); }

 private:
  testkit::memory_view_provider provider_;
  std::unique_ptr<view_store> store_ = must(provider_.open("people", database_role::views));
};

const bool memory_view_store_registered = view_store_contract(
    "memory_view_store", [] { return std::make_unique<memory_view_subject>(); });

}  // namespace
}  // namespace troupe::contract
