#pragma once

#include <string>

#include "bridges/http/cors.hpp"
#include "bridges/http/exchange.hpp"

namespace troupe::http {

/// The status line and headers of an answer, up to and including the empty line. `asked` is null
/// when the request could not be read. Characters that would break out of a header line are left
/// out.
std::string reply_head(const reply& answer, const std::string& trace_id, const request_head* asked,
                       bool keep_alive, const cors_policy& cors);

/// May an answer with this status have a body?
bool has_body(int status);

}  // namespace troupe::http
