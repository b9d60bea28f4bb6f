#include "bridges/http/asyncapi.hpp"

#include <utility>

#include "bridges/http/described_messages.hpp"

namespace troupe::http {
namespace {

json text() { return {{"type", "string"}}; }

json metadata_schema() {
  json members = json::object();
  for (const auto* name : {"traceId", "userId", "correlationId", "causationId", "commandId", "time",
                           "traceparent", "node"}) {
    members[name] = text();
  }
  members["version"] = {{"type", "integer"}, {"minimum", 1}};
  return {{"type", "object"},
          {"description", "Further members are allowed."},
          {"properties", std::move(members)},
          {"required", {"traceId", "userId"}}};
}

/// A message's body: the envelope around its data.
json envelope_schema(const std::string& category, const std::string& type) {
  return {{"type", "object"},
          {"properties",
           {{"id", text()},
            {"type", {{"const", type}}},
            {"metadata", schema_reference("Metadata")},
            {"data", schema_reference(component_name(category, type))}}},
          {"required", {"id", "type", "metadata", "data"}}};
}

json reference(const std::string& place) { return {{"$ref", "#/" + place}}; }

class description {
 public:
  explicit description(const std::vector<feature>& features)
      : features_(features), schemas_(message_schemas(features)) {
    schemas_["Metadata"] = metadata_schema();
  }

  json document(const std::string& version) {
    for (const auto& one : features_) {
      for (const auto& aggregate : one.aggregates()) add_category(*aggregate.kernel);
    }
    return {{"asyncapi", "3.0.0"},
            {"info",
             {{"title", "Troupe"},
              {"version", version},
              {"description", "Streams of events and commands, as they travel on a broker."}}},
            {"defaultContentType", "application/json"},
            {"channels", std::move(channels_)},
            {"operations", std::move(operations_)},
            {"components", {{"schemas", std::move(schemas_)}, {"messages", std::move(messages_)}}}};
  }

 private:
  void add_category(const aggregate_kernel& aggregate) {
    const auto& category = aggregate.category();
    auto events = add_messages(category, aggregate.event_types());
    events["Commit"] = add_commit(category, aggregate.event_types());
    const auto commands = add_messages(category, aggregate.command_types());

    add_channel(category + ".events", category + ".{id}", "Events of one entity.", events);
    add_channel(category + ".commands", category + ".command.{id}", "Commands for one entity.",
                commands);
    add_channel(category + ".new", category + ".command", "Commands whose data names the entity.",
                commands);
    add_operation(category + ".publish", "send", category + ".events",
                  "What has happened, once and in order for each entity");
    add_operation(category + ".handle", "receive", category + ".commands",
                  "What is to be done; the envelope's id is the command id");
    add_operation(category + ".handleNew", "receive", category + ".new",
                  "What is to be done with an entity that the data names");
  }

  /// Makes the components and gives their references, by type.
  json add_messages(const std::string& category, const std::vector<std::string>& types) {
    json listed = json::object();
    for (const auto& type : types) {
      const auto name = component_name(category, type);
      messages_[name] = {
          {"name", type},
          {"title", type},
          {"summary", description_of(schemas_, name, type)},
          {"contentType", "application/json"},
          {"correlationId", {{"location", "$message.payload#/metadata/correlationId"}}},
          {"payload", envelope_schema(category, type)}};
      listed[type] = reference("components/messages/" + name);
    }
    return listed;
  }

  json add_commit(const std::string& category, const std::vector<std::string>& types) {
    json any = json::array();
    for (const auto& type : types) any.push_back(envelope_schema(category, type));
    const auto name = component_name(category, "Commit");
    messages_[name] = {
        {"name", "Commit"},
        {"title", "Commit"},
        {"summary", "The events of one command that made several, in one message."},
        {"contentType", "application/json"},
        {"payload", {{"type", "array"}, {"minItems", 2}, {"items", {{"anyOf", std::move(any)}}}}}};
    return reference("components/messages/" + name);
  }

  void add_channel(const std::string& name, const std::string& address, const char* what,
                   const json& messages) {
    channels_[name] = {{"address", address}, {"description", what}, {"messages", messages}};
    if (address.find("{id}") != std::string::npos) {
      channels_[name]["parameters"]["id"] = {{"description", "The entity's id."}};
    }
  }

  void add_operation(const std::string& name, const char* action, const std::string& channel,
                     const char* summary) {
    operations_[name] = {
        {"action", action}, {"channel", reference("channels/" + channel)}, {"summary", summary}};
  }

  const std::vector<feature>& features_;
  json schemas_;
  json messages_ = json::object();
  json channels_ = json::object();
  json operations_ = json::object();
};

}  // namespace

json asyncapi_of(const std::vector<feature>& features, const std::string& version) {
  return description(features).document(version);
}

}  // namespace troupe::http
