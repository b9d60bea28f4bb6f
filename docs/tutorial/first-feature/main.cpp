#include <memory>
#include <utility>

#include "bridges/http/http_bridge.hpp"
#include "bridges/sqlite/data_directory.hpp"
#include "bridges/sqlite/sqlite_event_log.hpp"
#include "bridges/sqlite/sqlite_view_store.hpp"
#include "docs/tutorial/first-feature/depots_view.hpp"
#include "docs/tutorial/first-feature/parcel.hpp"
#include "runtime/node/node.hpp"

namespace parcels {

// [feature]
troupe::feature feature() {
  return troupe::feature("parcels")
      .with_aggregate<parcel>(json_schema)
      .with_view<depots_view>()
      .with_view_migrations({{"000001_create_depots.up.sql", R"sql(
          CREATE TABLE depots (
            "depot" text PRIMARY KEY,
            "parcels" bigint NOT NULL,
            "grams" integer NOT NULL
          );)sql"},
                             {"000001_create_depots.down.sql", "DROP TABLE depots;"}});
}
// [feature]

}  // namespace parcels

namespace {

using troupe::settings;

troupe::http::http_options http_options(const troupe::listen_address& address) {
  troupe::http::http_options http;
  http.host = address.host;
  http.port = address.port;
  return http;
}

using bridge_or_error = troupe::result<std::shared_ptr<troupe::bridge>>;

bridge_or_error http_bridge(troupe::node_model& model, const settings& options) {
  return std::shared_ptr<troupe::bridge>(
      troupe::http::make_http_bridge(model, http_options(options.http_address)));
}

bridge_or_error admin_bridge(troupe::node_model& model, const settings& options) {
  return std::shared_ptr<troupe::bridge>(
      troupe::http::make_admin_bridge(model, http_options(options.admin_address)));
}

}  // namespace

// [main]
int main(int argc, char** argv) {
  using troupe::sqlite::data_directory;
  // The log and the views of one directory share its lock.
  const auto directory = std::make_shared<std::shared_ptr<data_directory>>();
  return troupe::node(argc, argv)
      .with(parcels::feature())
      .with_log("sqlite",
                [directory](
                    const settings& options) -> troupe::result<std::unique_ptr<troupe::event_log>> {
                  auto opened = data_directory::open(options.data);
                  if (!opened) return std::move(opened).error();
                  *directory = std::move(*opened);
                  return troupe::sqlite::open_event_log(*directory);
                })
      .with_views("sqlite",
                  [directory](const settings&) { return troupe::sqlite::open_views(*directory); })
      .with_bridge(http_bridge)
      .with_bridge(admin_bridge)
      .run();
}
// [main]
