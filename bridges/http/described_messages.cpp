#include "bridges/http/described_messages.hpp"

#include <algorithm>
#include <utility>

namespace troupe::http {
namespace {

constexpr std::string_view own_prefix = "#/definitions/";

/// Turns references within one document into references between components. The schemas come from
/// the features, so their depth is theirs to bound.
void redirect(json& schema, const std::string& category) {
  if (schema.is_object()) {
    const auto reference = schema.find("$ref");
    if (reference != schema.end() && reference->is_string()) {
      const auto target = reference->get<std::string>();
      if (target.starts_with(own_prefix)) {
        schema.update(schema_reference(component_name(category, target.substr(own_prefix.size()))));
      }
    }
  }
  if (!schema.is_structured()) return;
  for (auto& inner : schema) redirect(inner, category);
}

json column_schema(const json& value) {
  switch (value.type()) {
    case json::value_t::string:
      return {{"type", "string"}};
    case json::value_t::boolean:
      return {{"type", "boolean"}};
    case json::value_t::number_integer:
    case json::value_t::number_unsigned:
      return {{"type", "integer"}};
    case json::value_t::number_float:
      return {{"type", "number"}};
    case json::value_t::array:
      return {{"type", "array"}};
    case json::value_t::object:
      return {{"type", "object"}};
    default:
      return json::object();
  }
}

}  // namespace

std::string component_name(std::string_view category, std::string_view definition) {
  auto name = std::string(category) + '.' + std::string(definition);
  std::ranges::replace_if(
      name,
      [](char c) {
        return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '.' || c == '-' || c == '_');
      },
      '_');
  return name;
}

json schema_reference(const std::string& name) {
  return {{"$ref", "#/components/schemas/" + name}};
}

json message_schemas(const std::vector<feature>& features) {
  json components = json::object();
  for (const auto& one : features) {
    for (const auto& aggregate : one.aggregates()) {
      const auto& category = aggregate.kernel->category();
      const auto document = parse_json(aggregate.json_schema);
      if (document && document->is_object()) {
        const auto defined = document->value("definitions", json::object());
        for (const auto& [name, definition] : defined.items()) {
          auto schema = definition;
          redirect(schema, category);
          components[component_name(category, name)] = std::move(schema);
        }
      }
      for (const auto* types :
           {&aggregate.kernel->command_types(), &aggregate.kernel->event_types()}) {
        for (const auto& type : *types) {
          auto& schema = components[component_name(category, type)];
          if (schema.is_null()) schema = {{"type", "object"}};
        }
      }
    }
  }
  return components;
}

json row_schema(const projector_kernel& view) {
  json columns = json::object();
  const auto row = view.blank_row();
  for (const auto& [column, value] : row.items()) columns[column] = column_schema(value);
  return {{"type", "object"},
          {"description", "A row of the view " + view.name()},
          {"properties", std::move(columns)},
          {"required", json::array({view.table().key_column})}};
}

std::string description_of(const json& components, const std::string& name,
                           std::string_view otherwise) {
  const auto found = components.find(name);
  if (found == components.end() || !found->is_object()) return std::string(otherwise);
  return found->value("description", std::string(otherwise));
}

}  // namespace troupe::http
