#include <utility>

#include "bridges/http/admin_routes.hpp"
#include "bridges/http/admin_span.hpp"
#include "bridges/http/server.hpp"

namespace troupe::http {

std::unique_ptr<server_bridge> make_admin_bridge(node_model& model, http_options options) {
  const auto own = std::make_shared<router>();
  add_admin_routes(*own, model, {options.max_depth});
  auto routes = std::make_shared<router>();
  add_probe_routes(*routes, model);
  add_spanning_routes(*routes, own, model);
  add_console_routes(*routes);
  browser_guard guard(options.hosts);
  cors_policy cors(options.cors_origins);
  return std::make_unique<server>(model, std::move(options),
                                  site{.name = "admin",
                                       .flag = "--admin",
                                       .routes = std::move(routes),
                                       .cors = std::move(cors),
                                       .guard = std::move(guard)});
}

}  // namespace troupe::http
