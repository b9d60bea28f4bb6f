#pragma once

#include <optional>
#include <string>

#include "runtime/core/json.hpp"
#include "runtime/node/cli/node_client.hpp"
#include "runtime/node/cli/operator_command.hpp"

namespace troupe {

/// The URL of a node that flags and variables may also name by its address: "127.0.0.1:9090" is
/// "http://127.0.0.1:9090", and an address for listening everywhere is reached on this machine.
result<std::string> node_url(const std::string& text);

/// The request that a command stands for, without tokens. `next`: where a list goes on, as its last
/// answer said. Errors (`invalid`) name the argument and the mend.
result<client_request> request_for(const operator_command& command, const json& next = nullptr);

}  // namespace troupe
