#include <string>
#include <utility>

#include "bridges/http/admin_gate.hpp"
#include "bridges/http/admin_routes.hpp"
#include "bridges/http/admin_span.hpp"
#include "bridges/http/server.hpp"

namespace troupe::http {
namespace {

/// Who changed what, and what came of it: "anna (127.0.0.1) POST /admin/projections/users/pause:
/// 200". Where there are no tokens, whoever can reach the address is "anybody".
void tell_of_change(node_model& model, bool tokens, const request& received, const visitor* let_in,
                    const reply& answered) {
  if (received.head.method == "GET" || received.head.method == "HEAD") return;
  const std::string who = let_in == nullptr ? "nobody"
                          : let_in->who     ? let_in->who->subject
                          : tokens          ? "nobody"
                                            : "anybody";
  model.audit(who + " (" + received.peer->peer_address() + ") " +
                  std::string(received.head.method) + ' ' + std::string(received.head.target) +
                  ": " + std::to_string(answered.status),
              received.trace.trace_id);
}

}  // namespace

std::unique_ptr<server_bridge> make_admin_bridge(node_model& model, http_options options) {
  const auto own = std::make_shared<router>();
  add_admin_routes(*own, model, {options.max_depth});
  auto routes = std::make_shared<router>();
  add_probe_routes(*routes, model);
  add_spanning_routes(*routes, own, model);
  add_console_routes(*routes);
  browser_guard guard(options.hosts);
  auto admit = admin_gate(options.admin,
                          options.admin_reads_guarded ? guarded::everything : guarded::changes);
  cors_policy cors(options.cors_origins);
  auto audit = [&model, tokens = options.admin != nullptr](
                   const request& received, const visitor* let_in, const reply& answered) {
    tell_of_change(model, tokens, received, let_in, answered);
  };
  return std::make_unique<server>(model, std::move(options),
                                  site{.name = "admin",
                                       .flag = "--admin",
                                       .routes = std::move(routes),
                                       .cors = std::move(cors),
                                       .guard = std::move(guard),
                                       .admit = std::move(admit),
                                       .audit = std::move(audit)});
}

}  // namespace troupe::http
