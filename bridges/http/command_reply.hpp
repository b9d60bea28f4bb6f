#pragma once

#include <string>

#include "bridges/http/exchange.hpp"

namespace troupe::http {

/// `reply_for(outcome)` as text. The usual answer is written without building a JSON value first.
reply command_reply(const command_outcome& outcome);

/// The answer to a command that has been taken in and is not waited for: 202, and where its outcome
/// can be asked for.
http_response taken_in(const std::string& command_id);

/// What `GET /v1/commands/{commandId}` says of an outcome: its place in the log with the members of
/// the answer itself, or why there is none.
///
///   - `accepted`: as the log has it;
///   - `parked`: it could not be handled because of a fault on this side, and is not tried again;
///   - `rejected`: everything else, refusals and what was given up before anything was stored.
json command_status(const command_outcome& outcome);

}  // namespace troupe::http
