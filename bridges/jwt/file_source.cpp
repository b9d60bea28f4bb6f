#include "bridges/jwt/file_source.hpp"

#include <fstream>

#include "bridges/jwt/key_set.hpp"

namespace troupe::jwt {

result<std::string> file_source::fetch(std::stop_token) {
  std::ifstream in(file_, std::ios::binary);
  // One byte more than a key set may have, so that a larger one is told from one that fits.
  std::string text(key_set::max_bytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || in.gcount() == 0)
    return error{errc::unavailable, place_ + " cannot be read; check the path and its rights"};
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

}  // namespace troupe::jwt
