#include <string>
#include <utility>

#include "bridges/http/admin_gate.hpp"
#include "bridges/http/admin_routes.hpp"
#include "bridges/http/admin_span.hpp"
#include "bridges/http/server.hpp"

namespace troupe::http {
namespace {

/// Whether a request asks only: by its method, or because it says what would be if.
bool changes_nothing(const request& received) {
  return received.head.method == "GET" || received.head.method == "HEAD" ||
         received.where.segments.back() == "what-if";
}

/// Where there are no tokens, whoever can reach the address is "anybody".
void tell_of_change(node_model& model, bool tokens, const request& received, const visitor* let_in,
                    const reply& answered) {
  if (changes_nothing(received)) return;
  const std::string who = let_in == nullptr ? "nobody"
                          : let_in->who     ? let_in->who->subject
                          : tokens          ? "nobody"
                                            : "anybody";
  model.audit({who, received.peer->peer_address(), std::string(received.head.method),
               std::string(received.head.target), answered.status, received.trace.trace_id},
              let_in != nullptr);
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
