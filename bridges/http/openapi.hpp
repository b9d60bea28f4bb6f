#pragma once

#include <string>
#include <vector>

#include "bridges/http/http_bridge.hpp"
#include "runtime/core/feature.hpp"

namespace troupe::http {

/// The OpenAPI 3.1 document of what a node with these features serves to applications.
json openapi_of(const std::vector<feature>& features, const http_options& options,
                const std::string& version);

}  // namespace troupe::http
