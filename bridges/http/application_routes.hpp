#pragma once

#include <memory>

#include "bridges/http/router.hpp"
#include "bridges/http/surroundings.hpp"

namespace troupe::http {

/// `POST /v1/{category}/{id}/{Command}`, `POST /v1/{category}/{Command}`, and
/// `GET /v1/commands/{commandId}`.
void add_command_routes(router& routes, const std::shared_ptr<surroundings>& around);

/// `POST /v1/commands`: one envelope or an array of them. Those of an array are handed in one after
/// the other, so that for one entity they are decided in their order; one whose id has been seen
/// before in the array waits for the outcome of the earlier one, and so do all behind it. With
/// `Prefer: respond-async` none is waited for: 202, and for each envelope where to ask, or its
/// refusal.
void add_envelope_route(router& routes, const std::shared_ptr<surroundings>& around);

/// `GET /v1/views/{view}` and `GET /v1/views/{view}/{key}`.
void add_view_routes(router& routes, const std::shared_ptr<surroundings>& around);

/// `GET /v1/events/{category}`.
void add_event_routes(router& routes, const std::shared_ptr<surroundings>& around);

/// `GET /v1/openapi.json` and `GET /v1/asyncapi.json`.
void add_description_routes(router& routes, const std::shared_ptr<surroundings>& around);

/// What the node's features bring along.
void add_feature_routes(router& routes, const std::shared_ptr<surroundings>& around);

}  // namespace troupe::http
