#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "runtime/core/key_source.hpp"

namespace troupe::http {

/// An issuer's keys at a URL: `https://`, checked against the system's authorities, or `http://` on
/// this machine. Redirects are not followed, the answer is bounded in size and time. `invalid`: no
/// such URL.
result<std::shared_ptr<key_source>> make_web_key_source(
    const std::string& url, std::chrono::milliseconds patience = std::chrono::seconds(4));

}  // namespace troupe::http
