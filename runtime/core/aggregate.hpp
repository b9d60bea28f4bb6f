#pragma once

#include <concepts>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/core/command.hpp"
#include "runtime/core/decision.hpp"
#include "runtime/core/envelope.hpp"
#include "runtime/core/fingerprint.hpp"
#include "runtime/core/upcaster.hpp"

namespace troupe {

/// A message type: a JSON-convertible struct with a name found by argument-dependent lookup on
/// `message_type(const T*)`. Generated messages have both.
template <class T>
concept message = requires(const T& value, json& out, const T* tag) {
  { message_type(tag) } -> std::convertible_to<std::string_view>;
  {to_json(out, value)};
  { out.template get<T>() } -> std::same_as<T>;
};

/// The name of a message type ("AddUser").
template <message T>
constexpr std::string_view name_of() {
  return message_type(static_cast<const T*>(nullptr));
}

/// `A` decides about the command `C`.
template <class A, class C>
concept decides = message<C> &&
    requires(const typename A::state& state, const C& command, const command_context& context) {
  { A::decide(state, command, context) } -> std::convertible_to<decision<typename A::event>>;
};

/// `A` evolves its state by the event `E`.
template <class A, class E>
concept evolves = message<E> && liftable<E> && requires(typename A::state state, const E& event) {
  { A::evolve(std::move(state), event) } -> std::convertible_to<typename A::state>;
};

/// `A` counts the changes in meaning of its state that its shape does not show (see
/// `fingerprint_of`): another count, and saved states are made anew from the events.
template <class A>
concept counts_snapshot_versions = requires {
  { A::snapshot_version } -> std::convertible_to<int>;
};

/// `A` names the entity that a command of type `C` is for, from the command's data alone.
template <class A, class C>
concept names_entity = requires(const C& command) {
  { A::entity_of(command) } -> std::convertible_to<std::string>;
};

namespace detail {
template <class A, class Variant>
inline constexpr bool decides_all = false;
template <class A, class... Cs>
inline constexpr bool decides_all<A, std::variant<Cs...>> = (decides<A, Cs> && ...);
template <class A, class Variant>
inline constexpr bool evolves_all = false;
template <class A, class... Es>
inline constexpr bool evolves_all<A, std::variant<Es...>> = (evolves<A, Es> && ...);
}  // namespace detail

/// Every alternative of `A::command` has its `decide`.
template <class A>
concept decides_every_command = detail::decides_all<A, typename A::command>;

/// Every alternative of `A::event` has its `evolve`.
template <class A>
concept evolves_by_every_event = detail::evolves_all<A, typename A::event>;

/// The pure domain code of one kind of entity: see `actors/identity/microservice/user.hpp` for a
/// model. `category` names its streams; `state` starts default-constructed and is JSON-convertible
/// for snapshots and inspection. `decide` and `evolve` see values only: no I/O, no clock, no
/// randomness.
template <class A>
concept aggregate = requires {
  { A::category } -> std::convertible_to<std::string_view>;
  typename A::command;
  typename A::event;
  typename A::state;
}
&&std::default_initializable<typename A::state>&& std::copyable<typename A::state>&& requires(
    const typename A::state& state, json& out) {
  {to_json(out, state)};
  { out.template get<typename A::state>() } -> std::same_as<typename A::state>;
}
&&decides_every_command<A>&& evolves_by_every_event<A>;

/// An event that a decision brought about, before it has a place in the log.
struct new_event {
  std::string type;
  json data;
  std::uint32_t schema_version = 1;  ///< Of the data's form.
};

/// What `entity::handle` answers.
using handled = std::variant<std::vector<new_event>, rejection>;

/// One entity's state behind a type-erased interface; this is what an actor holds. Not thread-safe.
class entity {
 public:
  virtual ~entity() = default;

  /// Decides a command and, if it is accepted, evolves the state by its events. The state is as
  /// before when the command is refused. `invalid`: the type is unknown or the data does not
  /// decode. May throw what domain code throws; the state is then unspecified and must be dropped.
  virtual result<handled> handle(const std::string& type, const json& data,
                                 const command_context& context) = 0;

  /// Evolves by a stored event, lifted to its present form. `corrupt`: unknown type or data that
  /// does not decode; `unsupported`: written by a newer program.
  virtual result<void> evolve(const envelope& event) = 0;

  /// The state as JSON, for inspection and snapshots.
  [[nodiscard]] virtual json state() const = 0;

  /// Sets the state from what `state()` gave. `corrupt` if it does not decode.
  virtual result<void> restore(const json& state) = 0;
};

/// An aggregate behind a type-erased interface. Immutable and thread-safe.
class aggregate_kernel {
 public:
  virtual ~aggregate_kernel() = default;
  [[nodiscard]] virtual const std::string& category() const = 0;
  [[nodiscard]] virtual const std::vector<std::string>& command_types() const = 0;
  [[nodiscard]] virtual const std::vector<std::string>& event_types() const = 0;
  /// Whether a stored event can be read: the errors of `entity::evolve`.
  [[nodiscard]] virtual result<void> readable(const envelope& event) const = 0;
  /// Identifies the form of the state: a snapshot of another one is of no use.
  [[nodiscard]] virtual const std::string& state_fingerprint() const = 0;
  /// A new entity in its initial state.
  [[nodiscard]] virtual std::unique_ptr<entity> initial() const = 0;
  /// Whether the aggregate says from a command's data which entity it is for.
  [[nodiscard]] virtual bool names_entity_of(const std::string& type) const = 0;
  /// The entity that a command without an address is for: from the data if the aggregate says so,
  /// else derived from the command id, so that a repeat finds the same entity. `invalid` if the
  /// data does not decode.
  [[nodiscard]] virtual result<std::string> entity_of(const std::string& type, const json& data,
                                                      const std::string& command_id) const = 0;
};

namespace detail {

template <class Variant>
struct alternatives;

template <class... Ts>
struct alternatives<std::variant<Ts...>> {
  static std::vector<std::string> names() { return {std::string(name_of<Ts>())...}; }

  /// Calls `visit.template operator()<T>()` for the alternative with this name; false if there is
  /// none.
  template <class Visitor>
  static bool with(std::string_view name, Visitor&& visit) {
    return ((name == name_of<Ts>() && (visit.template operator()<Ts>(), true)) || ...);
  }

  /// The same for the name that an event is stored under, which may be a former one.
  template <class Visitor>
  static bool with_stored(std::string_view name, Visitor&& visit) {
    return ((stored_as<Ts>(name) && (visit.template operator()<Ts>(), true)) || ...);
  }

  /// Each alternative's names and version: `[["Moved",2,["Went"]],…]`.
  static json forms() { return json::array({form_of<Ts>()...}); }

 private:
  template <class T>
  static json form_of() {
    json former = json::array();
    if constexpr (renamed<T>) {
      for (const auto& name : former_names(static_cast<const T*>(nullptr)))
        former.push_back(std::string(name));
    }
    return json::array({std::string(name_of<T>()), schema_version_of<T>(), std::move(former)});
  }
};

/// Decodes a message totally.
template <class T>
result<T> decode_data(const json& data, errc code) {
  try {
    return data.get<T>();
  } catch (const std::exception& problem) {
    return error{code, std::string(name_of<T>()) + ": " + problem.what()};
  }
}

/// A template of its own, so that `entity_of` is looked up only in aggregates that have one.
template <class A, class C>
result<std::string> named_entity(const json& data) {
  auto command = decode_data<C>(data, errc::invalid);
  if (!command) return std::move(command).error();
  return std::string(A::entity_of(*command));
}

template <aggregate A>
class typed_entity final : public entity {
  using state_type = typename A::state;
  using event_type = typename A::event;

 public:
  result<handled> handle(const std::string& type, const json& data,
                         const command_context& context) override {
    result<handled> answer = error{errc::invalid, "unknown command type '" + type + "'"};
    alternatives<typename A::command>::with(type, [&]<class C>() {
      auto command = decode_data<C>(data, errc::invalid);
      if (command) {
        answer = result<handled>(apply(A::decide(std::as_const(state_), *command, context)));
      } else {
        answer = std::move(command).error();
      }
    });
    return answer;
  }

  result<void> evolve(const envelope& event) override {
    std::optional<error> failure;
    const bool known = alternatives<event_type>::with_stored(event.type, [&]<class E>() {
      auto decoded = decode_event<E>(event);
      if (decoded) {
        state_ = A::evolve(std::move(state_), *decoded);
      } else {
        failure = std::move(decoded).error();
      }
    });
    if (!known) return error{errc::corrupt, "unknown event type '" + event.type + "'"};
    if (failure) return std::move(*failure);
    return {};
  }

  [[nodiscard]] json state() const override { return json(state_); }

  result<void> restore(const json& saved) override {
    try {
      state_ = saved.get<state_type>();
      return {};
    } catch (const std::exception& problem) {
      return error{errc::corrupt, std::string("saved state: ") + problem.what()};
    }
  }

 private:
  handled apply(const decision<event_type>& decided) {
    if (!decided.accepted()) return decided.refusal();
    std::vector<new_event> events;
    events.reserve(decided.events().size());
    for (const auto& event : decided.events()) {
      std::visit(
          [&]<class E>(const E& one) {
            events.push_back({std::string(name_of<E>()), json(one), schema_version_of<E>()});
            state_ = A::evolve(std::move(state_), one);
          },
          event);
    }
    return events;
  }

  state_type state_{};
};

template <aggregate A>
class typed_aggregate final : public aggregate_kernel {
 public:
  explicit typed_aggregate(std::string_view json_schema = {})
      : fingerprint_(
            fingerprint_of({json(typename A::state{}), alternatives<typename A::event>::forms(),
                            json_schema, snapshot_version()})) {}

  [[nodiscard]] const std::string& category() const override { return category_; }
  [[nodiscard]] const std::vector<std::string>& command_types() const override { return commands_; }
  [[nodiscard]] const std::vector<std::string>& event_types() const override { return events_; }
  [[nodiscard]] const std::string& state_fingerprint() const override { return fingerprint_; }
  [[nodiscard]] std::unique_ptr<entity> initial() const override {
    return std::make_unique<typed_entity<A>>();
  }

  [[nodiscard]] result<void> readable(const envelope& event) const override {
    result<void> answer = error{errc::corrupt, "unknown event type '" + event.type + "'"};
    alternatives<typename A::event>::with_stored(event.type, [&]<class E>() {
      auto decoded = decode_event<E>(event);
      answer = decoded ? result<void>() : result<void>(std::move(decoded).error());
    });
    return answer;
  }

  [[nodiscard]] bool names_entity_of(const std::string& type) const override {
    bool names = false;
    alternatives<typename A::command>::with(type, [&]<class C>() { names = names_entity<A, C>; });
    return names;
  }

  [[nodiscard]] result<std::string> entity_of(const std::string& type, const json& data,
                                              const std::string& command_id) const override {
    result<std::string> id = error{errc::invalid, "unknown command type '" + type + "'"};
    alternatives<typename A::command>::with(type, [&]<class C>() {
      if constexpr (names_entity<A, C>) {
        id = named_entity<A, C>(data);
      } else {
        id = derive_id(category_, command_id);
      }
    });
    return id;
  }

 private:
  static constexpr int snapshot_version() {
    if constexpr (counts_snapshot_versions<A>) {
      return A::snapshot_version;
    } else {
      return 1;
    }
  }

  std::string category_{A::category};
  std::string fingerprint_;
  std::vector<std::string> commands_ = alternatives<typename A::command>::names();
  std::vector<std::string> events_ = alternatives<typename A::event>::names();
};

}  // namespace detail
}  // namespace troupe
