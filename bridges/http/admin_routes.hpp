#pragma once

#include "bridges/http/router.hpp"
#include "runtime/node/model.hpp"

namespace troupe::http {

/// `/livez`, `/readyz`, `/startupz` and `/metrics`.
void add_probe_routes(router& routes, node_model& model);

/// Everything under `/admin`. `limits` bound the bodies.
void add_admin_routes(router& routes, node_model& model, const json_limits& limits);

/// `/` and what that page loads.
void add_console_routes(router& routes);

}  // namespace troupe::http
