#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/core/ids.hpp"
#include "runtime/core/json.hpp"

namespace troupe {

/// A message as it travels and as it is stored: `{"id","type","metadata":{…},"data":{…}}`.
/// Consumers in other languages rely on these four members alone.
struct envelope {
  std::string id;
  std::string type;
  json metadata = json::object();
  json data = json::object();

  friend bool operator==(const envelope&, const envelope&) = default;
};

/// Encodes all four members.
json to_json(const envelope& message);

/// Decodes totally: any missing or wrongly typed member is `errc::invalid`, naming the member.
result<envelope> envelope_from_json(json value);

/// An event with its place in the log.
struct recorded_event {
  envelope event;
  stream_id stream;
  version_t version = 0;
  position_t position = 0;
};

/// `{"id","type","stream","version","position","data","metadata"}`: the form of `/v1/events`.
json to_json(const recorded_event& recorded);

}  // namespace troupe
