#include "runtime/core/projector.hpp"

namespace troupe::detail {

timestamp event_time(const json& metadata) {
  const auto found = metadata.find("time");
  if (found == metadata.end() || !found->is_string()) return timestamp{};
  const auto time = parse_time(found->get_ref<const std::string&>());
  return time ? *time : timestamp{};
}

}  // namespace troupe::detail
