#include "actors/identity/feature.hpp"

#include "actors/identity/aggregator/users_view.hpp"
#include "actors/identity/application/user_rules.hpp"
#include "actors/identity/application/users_routes.hpp"
#include "actors/identity/microservice/accounts.hpp"
#include "actors/identity/microservice/user.hpp"
#include "actors/identity/migrations.hpp"
#include "schema/cpp/identity_schema.hpp"

namespace identity {

troupe::feature feature() {
  return troupe::feature("identity")
      .with_aggregate<user>(json_schema())
      .with_private_table<accounts>()
      .with_microservice_migrations(microservice_migrations())
      .with_rules<user_rules>()
      .with_view<users_view>(visible_users)
      .with_view_migrations(aggregator_migrations())
      .with_routes(users_routes());
}

}  // namespace identity
