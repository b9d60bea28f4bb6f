#pragma once

#include <vector>

#include "runtime/core/http.hpp"

namespace identity {

/// The endpoints of the front end: `POST /v1/users` makes the caller known at the first sign-in,
/// `GET /v1/users/me` tells who the caller is.
std::vector<troupe::route> users_routes();

}  // namespace identity
