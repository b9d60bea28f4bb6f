#pragma once

#include <string>
#include <utility>
#include <variant>

namespace troupe {

/// What kind of failure a caller is looking at. A refusal by the domain is not an error: see
/// `decision`.
enum class errc {
  invalid,      ///< The input is wrong; the message names the field and the mend.
  forbidden,    ///< The caller may not do or see this.
  not_found,    ///< The thing asked for does not exist.
  conflict,     ///< A compare-and-set lost its race. Nothing was stored.
  duplicate,    ///< The command id is already in the log. Nothing was stored now.
  unavailable,  ///< The other side cannot be reached or is full. Nothing was stored; try again
                ///< later.
  in_doubt,     ///< The outcome is unknown: it may or may not be stored. Never flatten this into a
                ///< failure.
  corrupt,      ///< Stored data cannot be read back; the message names the place.
  unsupported,  ///< The data is of a newer version, or the adapter cannot do this.
  internal,     ///< A bug or a crash on this side. Nothing is known to be stored.
};

/// The name of a code, for logs and problem details ("in-doubt").
constexpr const char* to_string(errc code) noexcept {
  switch (code) {
    case errc::invalid:
      return "invalid";
    case errc::forbidden:
      return "forbidden";
    case errc::not_found:
      return "not-found";
    case errc::conflict:
      return "conflict";
    case errc::duplicate:
      return "duplicate";
    case errc::unavailable:
      return "unavailable";
    case errc::in_doubt:
      return "in-doubt";
    case errc::corrupt:
      return "corrupt";
    case errc::unsupported:
      return "unsupported";
    case errc::internal:
      return "internal";
  }
  return "internal";
}

/// A failure that a caller can handle. The message is one sentence for people, without a trailing
/// full stop.
struct error {
  errc code = errc::internal;
  std::string message;

  friend bool operator==(const error&, const error&) = default;
};

/// A value or an error, with the names of std::expected. Reading the value of a failed result is a
/// programming error and throws std::bad_variant_access.
///
/// Unlike std::expected, a result that is about to end gives its content by value: a reference into
/// it would dangle in `for (auto& x : *f())`.
template <class T>
class [[nodiscard]] result {
 public:
  using value_type = T;

  result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  result(troupe::error failure) : state_(std::in_place_index<1>, std::move(failure)) {}

  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  troupe::error& error() & { return std::get<1>(state_); }
  const troupe::error& error() const& { return std::get<1>(state_); }
  troupe::error error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, troupe::error> state_;
};

/// Success without a value, or an error.
template <>
class [[nodiscard]] result<void> {
 public:
  using value_type = void;

  result() = default;
  result(troupe::error failure) : state_(std::move(failure)) {}

  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }
  const troupe::error& error() const { return std::get<1>(state_); }

 private:
  std::variant<std::monostate, troupe::error> state_;
};

}  // namespace troupe
