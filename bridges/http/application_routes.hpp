#pragma once

#include <memory>

#include "bridges/http/router.hpp"
#include "bridges/http/surroundings.hpp"

namespace troupe::http {

/// `POST /v1/{category}/{id}/{Command}` and `POST /v1/{category}/{Command}`.
void add_command_routes(router& routes, const std::shared_ptr<surroundings>& around);

/// `POST /v1/commands`: one envelope or an array of them.
void add_envelope_route(router& routes, const std::shared_ptr<surroundings>& around);

/// `GET /v1/views/{view}` and `GET /v1/views/{view}/{key}`.
void add_view_routes(router& routes, const std::shared_ptr<surroundings>& around);

/// `GET /v1/events/{category}`.
void add_event_routes(router& routes, const std::shared_ptr<surroundings>& around);

/// What the node's features bring along.
void add_feature_routes(router& routes, const std::shared_ptr<surroundings>& around);

}  // namespace troupe::http
