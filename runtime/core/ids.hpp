#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/core/result.hpp"

namespace troupe {

/// Orders commits within a category. Strictly rises in commit order; numbers may be skipped; 0 is
/// "before all".
using position_t = std::uint64_t;

/// Counts an entity's events from 1 without holes; 0 is "no events yet".
using version_t = std::uint64_t;

/// Names one entity and its stream of events.
struct stream_id {
  std::string category;
  std::string id;

  /// The stream's (and NATS subject's) name: "identity.4711".
  [[nodiscard]] std::string name() const { return category + '.' + id; }

  friend bool operator==(const stream_id&, const stream_id&) = default;
  friend auto operator<=>(const stream_id&, const stream_id&) = default;
};

/// Checks a category: a lower-case letter, then up to 63 of [a-z0-9_-].
result<void> check_category(std::string_view text);

/// Checks an entity id: 1 to 128 of [A-Za-z0-9_-], and not the reserved word "command".
result<void> check_entity_id(std::string_view text);

/// Checks a command id (an idempotency key): 1 to 128 printable ASCII characters without spaces.
result<void> check_command_id(std::string_view text);

/// Parses "identity.4711" into category and id.
result<stream_id> parse_stream_name(std::string_view text);

/// A name-based UUID (version 5, SHA-1) in the project's namespace for `scope`: the same scope and
/// name give the same id everywhere and for ever. Used for entity ids and for event ids.
std::string derive_id(std::string_view scope, std::string_view name);

/// Stable 64-bit hash (FNV-1a) used to tell apart two bodies sent under one command id.
std::uint64_t digest_of(std::string_view text) noexcept;

}  // namespace troupe
