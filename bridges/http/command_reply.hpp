#pragma once

#include "bridges/http/exchange.hpp"

namespace troupe::http {

/// `reply_for(outcome)` as text. The usual answer is written without building a JSON value first.
reply command_reply(const command_outcome& outcome);

}  // namespace troupe::http
