#include "runtime/core/upcaster.hpp"

#include <limits>

namespace troupe {

result<std::uint32_t> stored_schema_version(const envelope& event) {
  const auto found = event.metadata.find(schema_version_member);
  if (found == event.metadata.end()) return std::uint32_t{1};
  if (found->is_number_integer() && *found >= 1) {
    const auto version = found->get<std::uint64_t>();
    if (version <= std::numeric_limits<std::uint32_t>::max()) {
      return static_cast<std::uint32_t>(version);
    }
  }
  return error{errc::corrupt, "metadata member '" + std::string(schema_version_member) +
                                  "' is not a positive number"};
}

}  // namespace troupe
