#pragma once

#include <string_view>

namespace troupe::http {

/// Is a Content-Type `application/json` or `application/*+json`, in UTF-8 if it names a charset?
bool is_json_type(std::string_view content_type);

/// Does an Accept header name `text/event-stream`, and no less than JSON?
bool wants_event_stream(std::string_view accept);

}  // namespace troupe::http
