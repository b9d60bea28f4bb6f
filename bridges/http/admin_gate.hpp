#pragma once

#include <memory>

#include "bridges/http/admin_tokens.hpp"
#include "bridges/http/gate.hpp"

namespace troupe::http {

/// What of the admin endpoint needs a token.
enum class guarded {
  changes,     ///< What changes something: whoever can reach the address may look.
  everything,  ///< All but probes, metrics and the console's own files.
};

/// Lets in who shows one of the tokens, and whoever asks for what needs none; all when `tokens` is
/// null. The visitor's subject is the token's owner.
gate admin_gate(std::shared_ptr<const admin_tokens> tokens, guarded what);

}  // namespace troupe::http
