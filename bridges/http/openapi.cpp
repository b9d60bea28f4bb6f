#include "bridges/http/openapi.hpp"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "bridges/http/described_messages.hpp"

namespace troupe::http {
namespace {

json text() { return {{"type", "string"}}; }
json whole_number() { return {{"type", "integer"}, {"minimum", 0}}; }

json parameter_reference(const char* name) {
  return {{"$ref", std::string("#/components/parameters/") + name}};
}

json header_reference(const char* name) {
  return {{"$ref", std::string("#/components/headers/") + name}};
}

json path_parameter(const std::string& name, const std::string& description) {
  json described = {{"name", name}, {"in", "path"}, {"required", true}, {"schema", text()}};
  if (!description.empty()) described["description"] = description;
  return described;
}

json query_parameter(const std::string& name, json schema, const std::string& description) {
  return {
      {"name", name}, {"in", "query"}, {"schema", std::move(schema)}, {"description", description}};
}

json header_parameter(const char* name, const char* description) {
  return {{"name", name}, {"in", "header"}, {"schema", text()}, {"description", description}};
}

json json_content(json schema) { return {{"application/json", {{"schema", std::move(schema)}}}}; }

json answer(const std::string& description, json content,
            std::initializer_list<const char*> headers = {}) {
  json described = {{"description", description}, {"content", std::move(content)}};
  described["headers"]["X-Trace-Id"] = header_reference("X-Trace-Id");
  for (const auto* name : headers) described["headers"][name] = header_reference(name);
  return described;
}

/// Adds the ways in which a request can fail, by status.
json with_problems(json responses, std::initializer_list<const char*> statuses) {
  for (const auto* status : statuses) {
    responses[status] = {{"$ref", "#/components/responses/Problem"}};
  }
  responses["default"] = {{"$ref", "#/components/responses/Problem"}};
  return responses;
}

json list_schema(json items, json next, json more) {
  json properties = {{"items", {{"type", "array"}, {"items", std::move(items)}}},
                     {"next", std::move(next)}};
  properties.update(more);
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"required", json::array({"items", "next"})}};
}

json common_schemas() {
  const json event_reference = {
      {"type", "object"},
      {"properties", {{"id", text()}, {"type", text()}, {"version", whole_number()}}},
      {"required", json::array({"id", "type", "version"})}};
  const json field = {{"type", "object"},
                      {"properties", {{"path", text()}, {"message", text()}}},
                      {"required", json::array({"path", "message"})}};
  const json fields = {{"type", "array"}, {"items", field}};
  return {
      {"Accepted",
       {{"type", "object"},
        {"description", "What an accepted command led to; `events` is empty when nothing changed."},
        {"properties",
         {{"id", text()},
          {"stream", text()},
          {"version", whole_number()},
          {"position", text()},
          {"commandId", text()},
          {"events", {{"type", "array"}, {"items", event_reference}}}}},
        {"required", json::array({"id", "stream", "version", "position", "commandId", "events"})}}},
      {"TakenIn",
       {{"type", "object"},
        {"description", "A command that is under way; ask for its outcome at `location`."},
        {"properties", {{"commandId", text()}, {"status", json::object()}, {"location", text()}}},
        {"required", json::array({"commandId", "status", "location"})}}},
      {"CommandStatus",
       {{"type", "object"},
        {"description",
         "What became of a command. One that was accepted has the members of its answer."},
        {"properties",
         {{"commandId", text()},
          {"status", {{"enum", json::array({"pending", "accepted", "rejected", "parked"})}}},
          {"code", text()},
          {"detail", text()},
          {"fields", fields}}},
        {"required", json::array({"commandId", "status"})}}},
      {"Envelope",
       {{"type", "object"},
        {"properties",
         {{"id", text()},
          {"type", text()},
          {"stream",
           {{"type", "string"},
            {"description",
             "`{category}.command.{id}`, or `{category}.command`; without it the "
             "type names the category and the feature the entity."}}},
          {"metadata", {{"type", "object"}}},
          {"data", {{"type", "object"}}}}},
        {"required", json::array({"id", "type", "metadata", "data"})}}},
      {"Outcome",
       {{"type", "object"},
        {"description", "One outcome of several: an answer or a problem, with its `status`."},
        {"properties", {{"status", whole_number()}, {"commandId", text()}}},
        {"required", json::array({"status"})}}},
      {"RecordedEvent",
       {{"type", "object"},
        {"properties",
         {{"id", text()},
          {"type", text()},
          {"stream", text()},
          {"version", whole_number()},
          {"position", whole_number()},
          {"data", {{"type", "object"}}},
          {"metadata", {{"type", "object"}}}}},
        {"required",
         json::array({"id", "type", "stream", "version", "position", "data", "metadata"})}}},
      {"Problem",
       {{"type", "object"},
        {"properties",
         {{"title", text()},
          {"status", whole_number()},
          {"detail", text()},
          {"code", text()},
          {"error", {{"type", "string"}, {"description", "The detail once more."}}},
          {"commandId", text()},
          {"fields", fields}}},
        {"required", json::array({"title", "status", "detail", "code", "error"})}}},
  };
}

json common_parameters() {
  return {
      {"IdempotencyKey",
       header_parameter("Idempotency-Key",
                        "Becomes the command id: the same key gives the same answer and no second "
                        "effect; with another body it is refused with 422.")},
      {"IfMatch",
       header_parameter("If-Match", "The version that the entity must have, in quotes.")},
      {"Prefer",
       header_parameter("Prefer", "`respond-async`: do not wait for the outcome, answer 202.")},
      {"Traceparent", header_parameter("traceparent", "W3C trace context.")},
      {"IfNoneMatch", header_parameter("If-None-Match", "Entity tags that the caller has.")},
      {"MinPosition",
       header_parameter("X-Min-Position",
                        "Wait until the view has reached this position, such as `identity:17`.")},
      {"LastEventId",
       header_parameter("Last-Event-ID", "Where an event stream goes on: the last id received.")},
  };
}

json common_headers() {
  const auto header = [](const char* description) {
    return json{{"schema", text()}, {"description", description}};
  };
  return {{"ETag", header("The entity's version, or a tag of the body.")},
          {"X-Position", header("A position in the category, such as `identity:17`.")},
          {"X-Trace-Id", header("The trace that the request belongs to.")},
          {"Location", header("Where the outcome can be asked for.")},
          {"Preference-Applied", header("`respond-async`")},
          {"Retry-After", header("Seconds to wait before another try.")}};
}

/// Builds the paths; remembers the components that they need.
class description {
 public:
  description(const std::vector<feature>& features, const http_options& options)
      : features_(features), options_(options), schemas_(message_schemas(features)) {
    schemas_.update(common_schemas());
  }

  json document(const std::string& version) {
    add_commands();
    for (const auto& one : features_) {
      for (const auto& projection : one.projections()) {
        if (projection.role == database_role::views) add_view(*projection.kernel);
      }
      for (const auto& route : one.routes()) add_route(one, route);
    }
    add_descriptions();
    json made = {
        {"openapi", "3.1.0"},
        {"info",
         {{"title", "Troupe"},
          {"version", version},
          {"description", "Commands, views and events of this node."}}},
        {"servers", json::array({{{"url", "/"}}})},
        {"paths", std::move(paths_)},
        {"components",
         {{"schemas", std::move(schemas_)},
          {"parameters", common_parameters()},
          {"headers", common_headers()},
          {"responses",
           {{"Problem",
             {{"description", "Why not: problem details (RFC 9457)."},
              {"headers",
               {{"Retry-After", header_reference("Retry-After")},
                {"X-Trace-Id", header_reference("X-Trace-Id")}}},
              {"content",
               {{"application/problem+json", {{"schema", schema_reference("Problem")}}}}}}}}}}}};
    if (options_.tokens) {
      made["components"]["securitySchemes"]["token"] = {
          {"type", "http"}, {"scheme", "bearer"}, {"bearerFormat", "JWT"}};
      made["security"] = json::array({{{"token", json::array()}}});
    }
    return made;
  }

 private:
  void add_commands() {
    for (const auto& one : features_) {
      for (const auto& aggregate : one.aggregates()) {
        const auto& category = aggregate.kernel->category();
        for (const auto& type : aggregate.kernel->command_types()) add_command(category, type);
        add_events(category);
      }
    }
    const auto envelope = schema_reference("Envelope");
    const json batch = {{"type", "array"},
                        {"items", envelope},
                        {"minItems", 1},
                        {"maxItems", options_.max_envelopes}};
    const auto outcome = schema_reference("Outcome");
    const json outcomes = {{"oneOf", {outcome, {{"type", "array"}, {"items", outcome}}}}};
    paths_["/v1/commands"]["post"] = {
        {"operationId", "sendCommands"},
        {"tags", {"commands"}},
        {"summary", "One envelope, or an array that is taken in order; one outcome for each"},
        {"parameters", {parameter_reference("Prefer"), parameter_reference("Traceparent")}},
        {"requestBody",
         {{"required", true}, {"content", json_content({{"oneOf", {envelope, batch}}})}}},
        {"responses",
         with_problems({{"200", answer("Each outcome with its `status`.", json_content(outcomes))},
                        {"202", answer("Taken in, or refused, each with its `status`.",
                                       json_content(outcomes), {"Preference-Applied"})}},
                       {"400", "404", "409", "412", "413", "415", "422", "503"})}};
    paths_["/v1/commands/{commandId}"]["get"] = {
        {"operationId", "getCommand"},
        {"tags", {"commands"}},
        {"summary", "What became of a command"},
        {"parameters", {path_parameter("commandId", "The command id or idempotency key.")}},
        {"responses", with_problems({{"200", answer("Its status.",
                                                    json_content(schema_reference("CommandStatus")),
                                                    {"Retry-After"})}},
                                    {"400", "404", "503"})}};
  }

  void add_command(const std::string& category, const std::string& type) {
    const auto name = component_name(category, type);
    const json body = {{"required", true}, {"content", json_content(schema_reference(name))}};
    const auto responses = with_problems(
        {{"200", answer("Accepted, and durable.", json_content(schema_reference("Accepted")),
                        {"ETag", "X-Position"})},
         {"202", answer("Taken in.", json_content(schema_reference("TakenIn")),
                        {"Location", "Preference-Applied"})}},
        {"400", "404", "409", "412", "413", "415", "422", "503"});
    const json headers = {parameter_reference("IdempotencyKey"), parameter_reference("IfMatch"),
                          parameter_reference("Prefer"), parameter_reference("Traceparent")};
    json operation = {{"operationId", category + "." + type},
                      {"tags", {category}},
                      {"summary", type},
                      {"description", description_of(schemas_, name, type)},
                      {"parameters", headers},
                      {"requestBody", body},
                      {"responses", responses}};
    paths_["/v1/" + category + "/" + type]["post"] = operation;
    operation["operationId"] = category + "." + type + ".byId";
    operation["parameters"].push_back(path_parameter("id", "The entity's id."));
    paths_["/v1/" + category + "/{id}/" + type]["post"] = std::move(operation);
  }

  void add_events(const std::string& category) {
    auto content = json_content(
        list_schema(schema_reference("RecordedEvent"), whole_number(), json::object()));
    content["text/event-stream"] = {{"schema", text()}};
    paths_["/v1/events/" + category]["get"] = {
        {"operationId", category + ".events"},
        {"tags", {category}},
        {"summary",
         "Recorded events in order, in whole commits; as an event stream also those to "
         "come"},
        {"parameters",
         {query_parameter("from", whole_number(), "The lowest position."),
          query_parameter("limit",
                          {{"type", "integer"}, {"minimum", 1}, {"maximum", options_.max_page}},
                          "About how many events."),
          parameter_reference("LastEventId")}},
        {"responses",
         with_problems({{"200", answer("Events.", std::move(content))}}, {"400", "404", "503"})}};
  }

  void add_view(const projector_kernel& view) {
    const auto component = component_name("view", view.name());
    const auto schema = row_schema(view);
    json filters = {
        query_parameter("limit",
                        {{"type", "integer"}, {"minimum", 1}, {"maximum", options_.max_page}},
                        "How many rows."),
        query_parameter("order", text(), "A column, or `-` and a column."),
        query_parameter("after", text(), "`next` of the page before."),
        parameter_reference("MinPosition")};
    for (const auto& [column, type] : schema.at("properties").items()) {
      if (column == "limit" || column == "order" || column == "after") continue;
      filters.push_back(query_parameter(column, type, "Only rows with this value."));
    }
    schemas_[component] = schema;
    const json next = {{"type", {"string", "null"}}};
    paths_["/v1/views/" + view.name()]["get"] = {
        {"operationId", view.name() + ".rows"},
        {"tags", {"views"}},
        {"summary", "Rows of the view " + view.name()},
        {"parameters", std::move(filters)},
        {"responses",
         with_problems({{"200", answer("A page of rows.",
                                       json_content(list_schema(schema_reference(component), next,
                                                                {{"position", text()}})),
                                       {"X-Position"})}},
                       {"400", "503"})}};
    auto content = json_content(schema_reference(component));
    content["text/event-stream"] = {{"schema", text()}};
    paths_["/v1/views/" + view.name() + "/{key}"]["get"] = {
        {"operationId", view.name() + ".row"},
        {"tags", {"views"}},
        {"summary",
         "A row of the view " + view.name() + "; as an event stream now and after every change"},
        {"parameters",
         {path_parameter("key", "The row's " + view.table().key_column + "."),
          parameter_reference("IfNoneMatch"), parameter_reference("MinPosition")}},
        {"responses",
         with_problems({{"200", answer("The row.", std::move(content), {"ETag", "X-Position"})},
                        {"304", {{"description", "The caller has it already."}}}},
                       {"400", "404", "503"})}};
  }

  void add_route(const feature& owner, const route& one) {
    auto method = one.method;
    std::ranges::transform(method, method.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    });
    json operation = {
        {"operationId", component_name(method, one.pattern)},
        {"tags", {owner.name()}},
        {"summary", one.summary},
        {"responses",
         with_problems({{"200", answer("As the feature says.", json_content(json::object()))}},
                       {})}};
    for (auto at = one.pattern.find('{'); at != std::string::npos;
         at = one.pattern.find('{', at + 1)) {
      const auto name = one.pattern.substr(at + 1, one.pattern.find('}', at) - at - 1);
      operation["parameters"].push_back(path_parameter(name, ""));
    }
    if (method == "post" || method == "put" || method == "patch") {
      operation["requestBody"] = {{"content", json_content(json::object())}};
    }
    paths_[one.pattern][method] = std::move(operation);
  }

  void add_descriptions() {
    for (const auto& [path, what] :
         {std::pair("/v1/openapi.json", "OpenAPI"), std::pair("/v1/asyncapi.json", "AsyncAPI")}) {
      paths_[path]["get"] = {
          {"operationId", std::string("get") + what},
          {"tags", {"descriptions"}},
          {"summary", std::string("This node's ") + what + " document"},
          {"parameters", {parameter_reference("IfNoneMatch")}},
          {"responses",
           with_problems(
               {{"200", answer("The document.", json_content({{"type", "object"}}), {"ETag"})},
                {"304", {{"description", "The caller has it already."}}}},
               {})}};
    }
  }

  const std::vector<feature>& features_;
  const http_options& options_;
  json schemas_;
  json paths_ = json::object();
};

}  // namespace

json openapi_of(const std::vector<feature>& features, const http_options& options,
                const std::string& version) {
  return description(features, options).document(version);
}

}  // namespace troupe::http
