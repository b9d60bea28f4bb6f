#pragma once

#include <concepts>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/core/envelope.hpp"

namespace troupe {

/// An event whose form has changed since it was first stored says which form is the present one, by
/// a function beside `message_type`:
///
///     constexpr std::uint32_t schema_version(const Moved*) { return 2; }
///
/// Versions count from 1. New events of a version above 1 carry it in their metadata
/// (`schemaVersion`); an event without it is of version 1.
template <class E>
concept versioned = requires(const E* tag) {
  { schema_version(tag) } -> std::convertible_to<std::uint32_t>;
};

/// An event that was stored under other names before lists them:
///
///     constexpr std::array<std::string_view, 1> former_names(const Moved*) { return {"Went"}; }
template <class E>
concept renamed = requires(const E* tag) {
  { *former_names(tag).begin() } -> std::convertible_to<std::string_view>;
};

/// A versioned event has an upcaster, which lifts the data of version `from` to `from + 1`:
///
///     json upcast(const Moved*, std::uint32_t from, json data);
///
/// It is pure, and may throw on data that it cannot lift: the event then counts as `corrupt`.
/// Events in the log are never rewritten, so every step is kept for ever.
template <class E>
concept liftable = !versioned<E> || requires(const E* tag, std::uint32_t from, json data) {
  { upcast(tag, from, std::move(data)) } -> std::convertible_to<json>;
};

/// The version of an event's present form.
template <class E>
constexpr std::uint32_t schema_version_of() {
  if constexpr (versioned<E>) {
    return schema_version(static_cast<const E*>(nullptr));
  } else {
    return 1;
  }
}

/// Whether an event stored under `name` is an `E`.
template <class E>
constexpr bool stored_as(std::string_view name) {
  if (name == message_type(static_cast<const E*>(nullptr))) return true;
  if constexpr (renamed<E>) {
    for (const auto& former : former_names(static_cast<const E*>(nullptr))) {
      if (name == std::string_view(former)) return true;
    }
  }
  return false;
}

/// The metadata member with the version of a stored event's form, where it is above 1.
inline constexpr const char* schema_version_member = "schemaVersion";

/// The version of a stored event's form: 1 unless its metadata says otherwise. `corrupt` if that is
/// not a positive number.
result<std::uint32_t> stored_schema_version(const envelope& event);

namespace detail {

/// Decodes a stored event, lifted to its present form. Total: `corrupt` when it cannot be lifted or
/// does not fit the type, `unsupported` when a newer program wrote it.
template <class E>
result<E> decode_event(const envelope& event) {
  constexpr std::string_view name = message_type(static_cast<const E*>(nullptr));
  const auto stored = stored_schema_version(event);
  if (!stored) return error{stored.error().code, std::string(name) + ": " + stored.error().message};
  constexpr auto present = schema_version_of<E>();
  if (*stored > present) {
    return error{errc::unsupported, std::string(name) + ": its form is version " +
                                        std::to_string(*stored) + ", this program knows up to " +
                                        std::to_string(present) + "; run the newer program"};
  }
  std::string lifting;
  try {
    if constexpr (versioned<E>) {
      json data = event.data;
      for (auto version = *stored; version < present; ++version) {
        lifting = "lifting version " + std::to_string(version) + ": ";
        data = upcast(static_cast<const E*>(nullptr), version, std::move(data));
      }
      lifting.clear();
      return data.template get<E>();
    } else {
      return event.data.template get<E>();
    }
  } catch (const std::exception& problem) {
    return error{errc::corrupt, std::string(name) + ": " + lifting + problem.what()};
  } catch (...) {
    return error{errc::corrupt, std::string(name) + ": " + lifting + "it threw no exception type"};
  }
}

}  // namespace detail
}  // namespace troupe
