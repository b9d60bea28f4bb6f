#include "bridges/postgres/postgres_view_store.hpp"

#include "test/contract/postgres_server.hpp"
#include "test/contract/view_store_contract.hpp"

namespace troupe::contract {
namespace {

class postgres_view_subject final : public view_subject {
 public:
  view_store& store() override { return *store_; }
  void reopen() override {
    store_.reset();
    store_ = must(postgres::open_view_store(url_));
  }

 private:
  std::string url_ = postgres_server::shared().fresh_schema();
  std::unique_ptr<view_store> store_ = must(postgres::open_view_store(url_));
};

const bool postgres_view_store_registered = view_store_contract(
    "postgres_view_store", [] { return std::make_unique<postgres_view_subject>(); });

}  // namespace
}  // namespace troupe::contract
