#pragma once

#include <string_view>

namespace troupe::http {

/// Is a Content-Type `application/json` or `application/*+json`, in UTF-8 if it names a charset?
bool is_json_type(std::string_view content_type);

}  // namespace troupe::http
