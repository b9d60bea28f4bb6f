#include <utility>

#include "bridges/http/application_routes.hpp"

namespace troupe::http {
namespace {

/// The request in the form that features know.
result<http_request> feature_request(const request& received, const surroundings& around) {
  http_request made;
  made.method = received.head.method;
  for (const auto& segment : received.where.segments) made.path += '/' + segment;
  made.parameters = {received.parameters.begin(), received.parameters.end()};
  made.query = {received.where.query.begin(), received.where.query.end()};
  for (const auto& [name, value] : received.head.fields) {
    auto [slot, fresh] = made.headers.try_emplace(std::string(name), value);
    if (!fresh) slot->second.append(", ").append(value);
  }
  if (!received.body.empty()) {
    auto body = around.body_of(received);
    if (!body) return std::move(body).error();
    made.body = std::move(*body);
  }
  auto caller = around.caller_of(received);
  if (!caller) return std::move(caller).error();
  made.context = around.context_of(received, *caller);
  made.caller = std::move(*caller);
  auto key = idempotency_key_of(received);
  if (!key) return std::move(key).error();
  made.command_id_given = key->has_value();
  if (made.command_id_given) made.context.command_id = std::move(**key);
  made.deadline = around.deadline();
  return made;
}

}  // namespace

void add_feature_routes(router& routes, const std::shared_ptr<surroundings>& around) {
  for (const auto& feature : around->model.features()) {
    for (const auto& route : feature.routes()) {
      routes.add(route.method, route.pattern,
                 [around, handle = route.handle](const request& received) {
                   auto made = feature_request(received, *around);
                   if (!made) return error_reply(made.error());
                   return to_reply(handle(*made, *around->app_for(received)));
                 });
    }
  }
}

}  // namespace troupe::http
