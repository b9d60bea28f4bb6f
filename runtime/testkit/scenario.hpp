#pragma once

#include <concepts>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/core/aggregate.hpp"
#include "runtime/testkit/failure.hpp"
#include "runtime/testkit/manual_clock.hpp"

namespace troupe::testkit {

namespace detail {

/// A command and what was before it, for the text of failures.
struct story {
  std::vector<new_event> given;
  new_event when;
};

[[noreturn]] void fail(const story& told, const std::string& expected, const std::string& actual);
[[noreturn]] void fail(const std::string& what, const json& expected, const json& actual);
std::string describe(const std::vector<new_event>& events);
std::string describe(const rejection& refusal);

/// Parses what was written; throws `failure` if that is not JSON.
json reread(const std::string& what, const json& written);

template <class T>
bool same(const T& one, const T& other) {
  if constexpr (std::equality_comparable<T>) {
    return one == other;
  } else {
    return json(one) == json(other);
  }
}

/// The value after a trip through JSON text, as if it had been stored and read. Throws `failure` if
/// it changed.
template <class T>
T through_json(const std::string& what, const T& value) {
  const json written = value;
  T read = [&] {
    try {
      return reread(what, written).template get<T>();
    } catch (const json::exception& problem) {
      fail(what + " cannot be read back from its own JSON (" + problem.what() + ")", written,
           nullptr);
    }
  }();
  if (json(read) != written) fail(what + " changed on its way through JSON", written, read);
  if (!same(read, value)) fail(what + " lost something that its JSON does not show", written, read);
  return read;
}

template <class Event>
new_event erased(const Event& event) {
  return std::visit(
      []<class E>(const E& one) {
        return new_event{std::string(name_of<E>()), json(one)};
      },
      event);
}

template <class Event>
std::vector<new_event> erased(const std::vector<Event>& events) {
  std::vector<new_event> all;
  all.reserve(events.size());
  for (const auto& event : events) all.push_back(erased<Event>(event));
  return all;
}

/// A state kept twice: evolved by events as they were made, and by the same events after they were
/// stored and read.
template <aggregate A>
class twice_evolved {
 public:
  void evolve(const typename A::event& event) {
    std::visit(
        [this]<class E>(const E& one) {
          const std::string name(name_of<E>());
          made_ = A::evolve(std::move(made_), one);
          read_ = A::evolve(std::move(read_), through_json(name, one));
          if (!same(made_, read_) || json(made_) != json(read_)) {
            fail("the state differs after " + name + " was stored and read", made_, read_);
          }
          through_json("the state after " + name, made_);
        },
        event);
  }

  [[nodiscard]] const typename A::state& state() const { return made_; }

 private:
  typename A::state made_{};
  typename A::state read_{};
};

}  // namespace detail

/// What came of a command. Each `then…` throws `failure` unless it holds, and can be followed by
/// another.
template <aggregate A>
class decided {
 public:
  decided(detail::story told, decision<typename A::event> answer, typename A::state after)
      : told_(std::move(told)), answer_(std::move(answer)), state_(std::move(after)) {}

  /// Exactly these events, in this order.
  template <message... Es>
  requires(sizeof...(Es) > 0 && (std::constructible_from<typename A::event, Es> &&
                                 ...)) const decided& then(const Es&... events) const {
    const std::vector<new_event> expected{{std::string(name_of<Es>()), json(events)}...};
    const auto text = detail::describe(expected);
    if (!answer_.accepted() || detail::describe(detail::erased(answer_.events())) != text) {
      detail::fail(told_, text, actual());
    }
    return *this;
  }

  /// Accepted, and nothing changed.
  const decided& then_nothing() const {
    if (!answer_.accepted() || !answer_.events().empty()) {
      detail::fail(told_, detail::describe(std::vector<new_event>{}), actual());
    }
    return *this;
  }

  /// Refused with this code; the detail contains `part`.
  const decided& then_rejected(std::string_view code, std::string_view part = "") const {
    const bool holds = !answer_.accepted() && answer_.refusal().code == code &&
                       answer_.refusal().detail.find(part) != std::string::npos;
    if (!holds) {
      detail::fail(told_,
                   detail::describe(rejection{std::string(code), "…" + std::string(part) + "…"}),
                   actual());
    }
    return *this;
  }

  /// The state afterwards; as before if the command was refused.
  [[nodiscard]] const typename A::state& state() const { return state_; }
  [[nodiscard]] const decision<typename A::event>& answer() const { return answer_; }

 private:
  [[nodiscard]] std::string actual() const {
    return answer_.accepted() ? detail::describe(detail::erased(answer_.events()))
                              : detail::describe(answer_.refusal());
  }

  detail::story told_;
  decision<typename A::event> answer_;
  typename A::state state_;
};

/// An entity's past, and who sends the next command. See `given`.
template <aggregate A>
class history {
 public:
  explicit history(const std::vector<typename A::event>& events) {
    for (const auto& event : events) add(event);
    context_.command_id = "command-1";
    context_.trace_id = "trace-1";
    context_.correlation_id = "trace-1";
    context_.time = default_time;
  }

  /// The caller of the command; unknown unless told.
  history& by(std::string user_id) {
    context_.user_id = std::move(user_id);
    return *this;
  }

  /// When the command is received; `default_time` unless told.
  history& at(timestamp time) {
    context_.time = time;
    return *this;
  }

  /// Decides a command. Its events are evolved, too, so a scenario checks every codec that it
  /// touches: command, events and state make a trip through JSON, and `decide` must answer the same
  /// twice.
  template <message C>
  requires decides<A, C>
  [[nodiscard]] decided<A> when(const C& command) const {
    detail::story told{given_, {std::string(name_of<C>()), json(command)}};
    const C read = detail::through_json(told.when.type, command);
    try {
      const decision<typename A::event> answer = A::decide(past_.state(), read, context_);
      const decision<typename A::event> again = A::decide(past_.state(), command, context_);
      if (text_of(answer) != text_of(again)) {
        detail::fail(
            told, "the same answer each time: decide must not depend on anything but its arguments",
            text_of(answer) + ", then " + text_of(again));
      }
      auto after = past_;
      if (answer.accepted()) {
        for (const auto& event : answer.events()) after.evolve(event);
      }
      return {std::move(told), answer, after.state()};
    } catch (const failure&) {
      throw;
    } catch (const std::exception& problem) {
      detail::fail(told, "an answer", std::string("an exception: ") + problem.what());
    }
  }

  [[nodiscard]] const typename A::state& state() const { return past_.state(); }

 private:
  void add(const typename A::event& event) {
    given_.push_back(detail::erased(event));
    past_.evolve(event);
  }

  static std::string text_of(const decision<typename A::event>& answer) {
    return answer.accepted() ? detail::describe(detail::erased(answer.events()))
                             : detail::describe(answer.refusal());
  }

  std::vector<new_event> given_;
  detail::twice_evolved<A> past_;
  command_context context_;
};

/// The start of a scenario about one entity, with the events that it has so far:
///
///     given<user>(added, AccountLocked{"fraud", "admin-1"})
///         .by("user-7")
///         .when(ModifyUser{"Zoë", "B", "", "de"})
///         .then_rejected("account-locked");
template <aggregate A, message... Es>
requires(std::constructible_from<typename A::event, Es>&&...)
    [[nodiscard]] history<A> given(const Es&... events) {
  return history<A>(std::vector<typename A::event>{typename A::event(events)...});
}

/// The same with events that a test made up.
template <aggregate A>
[[nodiscard]] history<A> given(const std::vector<typename A::event>& events) {
  return history<A>(events);
}

}  // namespace troupe::testkit
