#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/core/projector.hpp"
#include "runtime/testkit/failure.hpp"
#include "runtime/testkit/manual_clock.hpp"

namespace troupe::testkit {

/// An event with what a projector sees of it. Made by `event`.
class placed_event {
 public:
  placed_event(std::string type, json data, std::uint32_t schema_version = 1)
      : type_(std::move(type)), data_(std::move(data)), schema_version_(schema_version) {}

  /// Of this entity; "1" unless told.
  placed_event of(std::string entity_id) && {
    entity_ = std::move(entity_id);
    return std::move(*this);
  }

  /// Caused by this caller; unknown unless told.
  placed_event by(std::string user_id) && {
    user_ = std::move(user_id);
    return std::move(*this);
  }

  /// `default_time` unless told.
  placed_event at(timestamp time) && {
    time_ = time;
    return std::move(*this);
  }

  /// The same, written like "2026-01-31T12:34:56.789Z". Throws `failure` if it is written
  /// differently.
  placed_event at(std::string_view time) &&;

  /// The event in the log, as this position's only one.
  [[nodiscard]] recorded_event recorded(const std::string& category, position_t position,
                                        version_t version) const;

  [[nodiscard]] const std::string& entity() const { return entity_; }
  [[nodiscard]] const std::string& type() const { return type_; }

 private:
  std::string type_;
  json data_;
  std::uint32_t schema_version_;
  std::string entity_ = "1";
  std::string user_;
  timestamp time_ = default_time;
};

template <message E>
[[nodiscard]] placed_event event(const E& data) {
  return {std::string(name_of<E>()), json(data), schema_version_of<E>()};
}

/// An event that a projector could not apply. The later events of its key wait behind it.
struct parked_event {
  std::string key;
  std::string type;
  std::string reason;
};

/// The rows that a projector made.
class projected {
 public:
  /// The row; null if there is none.
  [[nodiscard]] json row(const std::string& key) const;
  [[nodiscard]] const std::map<std::string, json>& rows() const { return rows_; }
  [[nodiscard]] const std::vector<parked_event>& parked() const { return parked_; }

  /// Each throws `failure` unless it holds.
  const projected& then_row(const std::string& key, const json& expected) const;
  const projected& then_no_row(const std::string& key) const;
  /// The only parked event has this type, and its reason contains `part`.
  const projected& then_parked(std::string_view type, std::string_view part = "") const;

 private:
  friend projected project(const projector_kernel& kernel, const std::vector<placed_event>& events);
  std::map<std::string, json> rows_;
  std::vector<parked_event> parked_;
};

/// Runs a projector over events as the runtime does: unknown types are skipped, and what cannot be
/// applied is parked. Each row is folded twice, in one batch and with a stop after every event;
/// `failure` if that makes a difference, because then the row is not what its JSON says.
projected project(const projector_kernel& kernel, const std::vector<placed_event>& events);

///     project<users_view>({event(UserAdded{…}).of("7").by("admin-1"),
///     event(AccountLocked{…}).of("7")})
///         .then_row("7", {{"status", "locked"}, …});
template <projector P>
[[nodiscard]] projected project(const std::vector<placed_event>& events) {
  return project(troupe::detail::typed_projector<P>(), events);
}

}  // namespace troupe::testkit
