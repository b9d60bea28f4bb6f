#include "runtime/core/envelope.hpp"

#include <utility>

namespace troupe {

json to_json(const envelope& message) {
  return {{"id", message.id},
          {"type", message.type},
          {"metadata", message.metadata},
          {"data", message.data}};
}

result<envelope> envelope_from_json(json value) {
  if (!value.is_object()) return error{errc::invalid, "an envelope must be a JSON object"};
  const auto member = [&](const char* name, json::value_t type, const char* what) -> result<json*> {
    const auto found = value.find(name);
    if (found == value.end())
      return error{errc::invalid, std::string("member '") + name + "' is missing"};
    if (found->type() != type)
      return error{errc::invalid, std::string("member '") + name + "' must be " + what};
    return &*found;
  };
  auto id = member("id", json::value_t::string, "a string");
  if (!id) return std::move(id).error();
  auto type = member("type", json::value_t::string, "a string");
  if (!type) return std::move(type).error();
  auto metadata = member("metadata", json::value_t::object, "an object");
  if (!metadata) return std::move(metadata).error();
  auto data = member("data", json::value_t::object, "an object");
  if (!data) return std::move(data).error();
  return envelope{std::move((*id)->get_ref<std::string&>()),
                  std::move((*type)->get_ref<std::string&>()), std::move(**metadata),
                  std::move(**data)};
}

json to_json(const recorded_event& recorded) {
  return {{"id", recorded.event.id},
          {"type", recorded.event.type},
          {"stream", recorded.stream.name()},
          {"version", recorded.version},
          {"position", recorded.position},
          {"data", recorded.event.data},
          {"metadata", recorded.event.metadata}};
}

}  // namespace troupe
