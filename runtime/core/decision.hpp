#pragma once

#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace troupe {

/// Why the domain refuses a command. The code is for programs ("account-locked"), the detail for
/// people.
struct rejection {
  std::string code;
  std::string detail;

  friend bool operator==(const rejection&, const rejection&) = default;
};

/// Refuses a command: `return reject("account-locked", "the account is locked; unlock it first");`
inline rejection reject(std::string code, std::string detail) {
  return {std::move(code), std::move(detail)};
}

/// Accepts a command that changes nothing: `return no_change;`
struct no_change_t {};
inline constexpr no_change_t no_change{};

/// What the domain answers to a command: the events that follow from it (none when nothing
/// changes), or a refusal. `Event` is the aggregate's event variant; any of its alternatives
/// converts to a decision of one event.
template <class Event>
class [[nodiscard]] decision {
 public:
  decision(no_change_t) {}
  decision(rejection refusal) : value_(std::move(refusal)) {}
  decision(std::vector<Event> events) : value_(std::move(events)) {}

  template <class E>
  requires std::is_constructible_v<Event, E> &&(!std::is_same_v<std::decay_t<E>, decision>)&&(
      !std::is_same_v<std::decay_t<E>, rejection>)decision(E&& event) {
    std::get<0>(value_).emplace_back(std::forward<E>(event));
  }

  [[nodiscard]] bool accepted() const noexcept { return value_.index() == 0; }
  [[nodiscard]] const std::vector<Event>& events() const { return std::get<0>(value_); }
  [[nodiscard]] const rejection& refusal() const { return std::get<1>(value_); }

 private:
  std::variant<std::vector<Event>, rejection> value_;
};

}  // namespace troupe
