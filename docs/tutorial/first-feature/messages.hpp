#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace parcels {

// NOLINTBEGIN(readability-identifier-naming): messages keep their schema's names.
/// Command: hand a parcel in, to be taken to a depot.
struct PostParcel {
  std::string depot;
  std::int64_t grams = 0;
};
/// Command: hand the parcel out.
struct DeliverParcel {
  std::string signedBy;
};
struct ParcelPosted {
  std::string depot;
  std::int64_t grams = 0;
};
struct ParcelDelivered {
  std::string signedBy;
};
// NOLINTEND(readability-identifier-naming)

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(PostParcel, depot, grams)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(DeliverParcel, signedBy)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ParcelPosted, depot, grams)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ParcelDelivered, signedBy)

constexpr std::string_view message_type(const PostParcel*) { return "PostParcel"; }
constexpr std::string_view message_type(const DeliverParcel*) { return "DeliverParcel"; }
constexpr std::string_view message_type(const ParcelPosted*) { return "ParcelPosted"; }
constexpr std::string_view message_type(const ParcelDelivered*) { return "ParcelDelivered"; }

/// What a command's data must look like; checked before `decide` sees it.
constexpr std::string_view json_schema = R"json({
  "$schema": "http://json-schema.org/draft-07/schema#",
  "definitions": {
    "PostParcel": {
      "type": "object",
      "properties": {
        "depot": {"type": "string", "pattern": "^[a-z]{1,40}$"},
        "grams": {"type": "integer", "minimum": 1, "maximum": 1000000000}
      },
      "required": ["depot", "grams"],
      "additionalProperties": false
    },
    "DeliverParcel": {
      "type": "object",
      "properties": {"signedBy": {"type": "string", "minLength": 1, "maxLength": 100}},
      "required": ["signedBy"],
      "additionalProperties": false
    }
  }
})json";

}  // namespace parcels
