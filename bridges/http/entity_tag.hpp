#pragma once

#include <string>
#include <string_view>

#include "bridges/http/exchange.hpp"

namespace troupe::http {

/// A strong entity tag: the same text has the same one.
std::string tag_of(std::string_view text);

/// Adds the tag of its body to an answer, and makes it a 304 when `If-None-Match` names that tag
/// (by weak comparison, RFC 9110, section 13.1.2) or is "*".
void tag(reply& answer, const request_head& asked);

}  // namespace troupe::http
