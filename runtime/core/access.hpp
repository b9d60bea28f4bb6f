#pragma once

#include <concepts>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "runtime/core/aggregate.hpp"
#include "runtime/core/caller.hpp"

namespace troupe {

/// What a rule says: it allows, or refuses with a sentence that the caller gets to read. Let the
/// sentence tell nothing that the caller does not know.
class verdict {
 public:
  static verdict allowed() { return verdict(std::nullopt); }
  static verdict refused(std::string why) { return verdict(std::move(why)); }

  explicit operator bool() const { return !why_; }
  /// Only of a refusal.
  [[nodiscard]] const std::string& why() const { return *why_; }

 private:
  explicit verdict(std::optional<std::string> why) : why_(std::move(why)) {}
  std::optional<std::string> why_;
};

/// The rule where a feature has none: administrators may, others may not.
inline verdict only_admins(const caller& who) {
  return who.is_admin() ? verdict::allowed() : verdict::refused("only administrators may do this");
}

/// Which rows of a view a caller may see.
class visible_rows {
 public:
  static visible_rows all() { return {true, "", ""}; }
  static visible_rows none() { return {false, "", ""}; }
  /// Those with this value in this column.
  static visible_rows where(std::string column, std::string value) {
    return {false, std::move(column), std::move(value)};
  }

  [[nodiscard]] bool everything() const { return everything_; }
  [[nodiscard]] bool nothing() const { return !everything_ && column_.empty(); }
  [[nodiscard]] const std::string& column() const { return column_; }
  [[nodiscard]] const std::string& value() const { return value_; }

 private:
  visible_rows(bool everything, std::string column, std::string value)
      : everything_(everything), column_(std::move(column)), value_(std::move(value)) {}

  bool everything_;
  std::string column_;
  std::string value_;
};

/// Says which rows of one view a caller may see. Pure.
using view_rule = std::function<visible_rows(const caller&)>;

/// `R` rules on the command `C` to the entity with this id.
template <class R, class C>
concept rules_on = requires(const caller& who, const std::string& id, const C& command) {
  { R::may(who, id, command) } -> std::same_as<verdict>;
};

namespace detail {
template <class R, class Variant>
inline constexpr bool rules_on_all = false;
template <class R, class... Cs>
inline constexpr bool rules_on_all<R, std::variant<Cs...>> = (rules_on<R, Cs> && ...);
}  // namespace detail

/// Every command of `R::aggregate` has its `may`.
template <class R>
concept rules_on_every_command = detail::rules_on_all<R, typename R::aggregate::command>;

/// `R` says who may know an entity's events and what became of its commands.
template <class R>
concept rules_on_reading = requires(const caller& who, const std::string& id) {
  { R::may_read(who, id) } -> std::same_as<verdict>;
};

/// `R` says who may read the events of all entities.
template <class R>
concept rules_on_following = requires(const caller& who) {
  { R::may_follow(who) } -> std::same_as<verdict>;
};

/// The pure rules on who may do what with one kind of entity: see
/// `actors/identity/application/user_rules.hpp` for a model. They hold where callers have been
/// authenticated; what reaches the node by the broker is trusted as the broker's credentials are.
template <class R>
concept access_rules = requires {
  typename R::aggregate;
}
&&aggregate<typename R::aggregate>&& rules_on_every_command<R>;

/// Rules behind a type-erased interface. Immutable and thread-safe.
class rules_kernel {
 public:
  virtual ~rules_kernel() = default;
  [[nodiscard]] virtual const std::string& category() const = 0;
  /// The command has been checked against its schema, and `id` is the entity that it is for. May
  /// throw what the feature's code throws.
  [[nodiscard]] virtual verdict may(const caller& who, const std::string& id,
                                    const std::string& type, const json& data) const = 0;
  [[nodiscard]] virtual verdict may_read(const caller& who, const std::string& id) const = 0;
  [[nodiscard]] virtual verdict may_follow(const caller& who) const = 0;
};

namespace detail {

template <access_rules R>
class typed_rules final : public rules_kernel {
  using aggregate_type = typename R::aggregate;

 public:
  [[nodiscard]] const std::string& category() const override { return category_; }

  [[nodiscard]] verdict may(const caller& who, const std::string& id, const std::string& type,
                            const json& data) const override {
    auto answer = only_admins(who);
    alternatives<typename aggregate_type::command>::with(
        type, [&]<class C>() { answer = R::may(who, id, data.get<C>()); });
    return answer;
  }

  [[nodiscard]] verdict may_read(const caller& who, const std::string& id) const override {
    if constexpr (rules_on_reading<R>) {
      return R::may_read(who, id);
    } else {
      return only_admins(who);
    }
  }

  [[nodiscard]] verdict may_follow(const caller& who) const override {
    if constexpr (rules_on_following<R>) {
      return R::may_follow(who);
    } else {
      return only_admins(who);
    }
  }

 private:
  std::string category_{aggregate_type::category};
};

}  // namespace detail
}  // namespace troupe
