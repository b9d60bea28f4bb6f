#pragma once

#include <string>
#include <vector>

#include "runtime/core/feature.hpp"

namespace troupe::http {

/// The AsyncAPI 3.0 document of the features' messages: events on `{category}.{id}`, commands on
/// `{category}.command.{id}` and `{category}.command`.
json asyncapi_of(const std::vector<feature>& features, const std::string& version);

}  // namespace troupe::http
