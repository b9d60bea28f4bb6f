#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// What `uuid_source` writes where version 7 leaves twelve bits to whoever makes an id, the version
/// before them.
inline constexpr std::uint64_t mark_of_made_ids = 0x7ac7;

/// When a `uuid_source` made this id, in milliseconds since 1970. Nothing for other ids, but for
/// one in 4096 of those that others make in version 7. A log may find commands with such ids by
/// their time, many together, and need not ask whether an id is in use elsewhere: the process that
/// made one keeps it to itself until the command is in the log, or takes the mark off.
std::optional<std::uint64_t> made_at(std::string_view id);

/// The id without its mark, for a command that others may carry out too. Other ids stay as they
/// are.
std::string without_mark(std::string id);

}  // namespace troupe
