#include <utility>

#include "bridges/http/application_routes.hpp"
#include "bridges/http/server.hpp"

namespace troupe::http {

std::unique_ptr<server_bridge> make_http_bridge(node_model& model, http_options options) {
  auto around = std::make_shared<surroundings>(model, options);
  auto routes = std::make_shared<router>();
  add_feature_routes(*routes, around);
  add_envelope_route(*routes, around);
  add_view_routes(*routes, around);
  add_event_routes(*routes, around);
  add_command_routes(*routes, around);
  add_description_routes(*routes, around);
  browser_guard guard(options.hosts);
  refused_tokens(model.metrics(), "malformed");  // So that it shows, at zero, before the first.
  auto admit = options.tokens ? token_gate(options.tokens, model.metrics()) : open_gate();
  cors_policy cors(options.cors_origins, options.debug_sub);
  return std::make_unique<server>(model, std::move(options),
                                  site{.name = "http",
                                       .flag = "--http",
                                       .routes = std::move(routes),
                                       .cors = std::move(cors),
                                       .guard = std::move(guard),
                                       .admit = std::move(admit),
                                       .trace = model.tracing(),
                                       .begin = [around] { around->app.resume(); },
                                       .interrupt = [around] { around->app.interrupt(); }});
}

}  // namespace troupe::http
