#pragma once

#include <string>

namespace troupe::nats {

/// A command id as a key: bytes that a key cannot hold become "=" and two hexadecimal digits. It
/// has no dot.
std::string key_of(const std::string& command_id);

}  // namespace troupe::nats
