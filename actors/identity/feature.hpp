#pragma once

#include "runtime/core/feature.hpp"

namespace identity {

/// Users and the state of their accounts. See README.md.
troupe::feature feature();

}  // namespace identity
