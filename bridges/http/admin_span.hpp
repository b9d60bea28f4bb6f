#pragma once

#include <memory>

#include "bridges/http/router.hpp"
#include "runtime/node/model.hpp"

namespace troupe::http {

/// Adds every route of a node's own admin endpoint, `own`, so that it covers the cluster: lists are
/// put together from all nodes, what one node lacks is looked for on the others, what changes a
/// projection goes to the node that runs it, and `?node=` (a name or an incarnation) chooses one
/// node. A node that does not answer is named in the list's `unanswered`.
///
/// Peers are answered from `own`. For a node alone this adds the routes as they are.
void add_spanning_routes(router& routes, std::shared_ptr<const router> own, node_model& model);

}  // namespace troupe::http
