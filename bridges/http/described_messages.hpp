#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/core/feature.hpp"

namespace troupe::http {

/// The name of a message's schema among a description's components: "identity.AddUser".
std::string component_name(std::string_view category, std::string_view definition);

/// A JSON Schema reference to the component of that name.
json schema_reference(const std::string& name);

/// All definitions of the features' JSON Schemas as components, with their references turned to
/// each other. Messages that a schema does not define are objects.
json message_schemas(const std::vector<feature>& features);

/// What is known of a view's rows: their columns, and the types of those that have a value in a
/// blank row.
json row_schema(const projector_kernel& view);

/// The description in a component, or `otherwise`.
std::string description_of(const json& components, const std::string& name,
                           std::string_view otherwise);

}  // namespace troupe::http
