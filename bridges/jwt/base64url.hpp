#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace troupe::jwt {

/// Decodes base64url without padding (RFC 7515, section 2). Nothing unless the text is the one way
/// to write its bytes: no padding, no white space, no letters of the other alphabet, no bits that
/// are left over. So nobody can spell a token in two ways.
std::optional<std::string> decode_base64url(std::string_view text);

}  // namespace troupe::jwt
