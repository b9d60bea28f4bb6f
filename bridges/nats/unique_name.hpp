#pragma once

#include <string>

namespace troupe::nats {

/// Sixteen hexadecimal digits that nobody else has, good for a part of a subject.
std::string unique_name();

}  // namespace troupe::nats
