#include <string>
#include <utility>

#include "bridges/http/application_routes.hpp"
#include "bridges/http/asyncapi.hpp"
#include "bridges/http/entity_tag.hpp"
#include "bridges/http/openapi.hpp"

namespace troupe::http {
namespace {

/// The features do not change while a node runs, so a description is written once.
void add_document(router& routes, std::string path, const json& document) {
  reply answer;
  answer.body = text_of(document);
  answer.headers = {{"Cache-Control", "no-cache"}};
  routes.add("GET", std::move(path), [answer = std::move(answer)](const request& received) {
    auto copy = answer;
    tag(copy, received.head);
    return copy;
  });
}

}  // namespace

void add_description_routes(router& routes, const std::shared_ptr<surroundings>& around) {
  const auto& features = around->model.features();
  const auto version = around->model.info().value("version", std::string("0"));
  add_document(routes, "/v1/openapi.json", openapi_of(features, around->options, version));
  add_document(routes, "/v1/asyncapi.json", asyncapi_of(features, version));
}

}  // namespace troupe::http
