#pragma once

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "runtime/core/aggregate.hpp"
#include "runtime/core/view_store.hpp"

namespace troupe {

/// An event with its place in the log, as a projector sees it. What it refers to lives as long as
/// the `recorded_event` that it was decoded from.
template <class E>
struct recorded {
  E data;
  const stream_id& stream;
  version_t version = 0;
  position_t position = 0;
  const std::string& event_id;
  const json& metadata;
  timestamp time{};  ///< When the command was received.
};

/// `P` folds the event `E` into one row: `key_of` says which, `project` gives the row after it, or
/// nothing to remove it.
template <class P, class E>
concept projects = message<E> && liftable<E> &&
    requires(typename P::row row, const recorded<E>& event) {
  { P::key_of(event) } -> std::convertible_to<std::string>;
  { P::project(std::move(row), event) } -> std::convertible_to<std::optional<typename P::row>>;
};

namespace detail {
template <class P, class Variant>
inline constexpr bool projects_all = false;
template <class P, class... Es>
inline constexpr bool projects_all<P, std::variant<Es...>> = (projects<P, Es> && ...);
}  // namespace detail

/// Every alternative of `P::event` has its `key_of` and `project`.
template <class P>
concept projects_every_event = detail::projects_all<P, typename P::event>;

/// The pure code of one view: a row is a fold over the events of its key, in log order. `view`
/// names the projector and its table; `key` names the key column; the row's JSON members are the
/// table's columns; the table comes from a migration. A row that does not exist yet is a
/// default-constructed one.
template <class P>
concept projector = requires {
  { P::view } -> std::convertible_to<std::string_view>;
  { P::key } -> std::convertible_to<std::string_view>;
  { P::category } -> std::convertible_to<std::string_view>;
  typename P::event;
  typename P::row;
}
&&std::default_initializable<typename P::row>&& requires(const typename P::row& row, json& out) {
  {to_json(out, row)};
  { out.template get<typename P::row>() } -> std::same_as<typename P::row>;
}
&&projects_every_event<P>;

/// An event decoded for one projector; not to outlive the `recorded_event` that it comes from.
class decoded_event {
 public:
  explicit decoded_event(std::string key) : key_(std::move(key)) {}
  virtual ~decoded_event() = default;
  [[nodiscard]] const std::string& key() const { return key_; }

 private:
  std::string key_;
};

/// The fold of one row within a batch. Not thread-safe.
class row_fold {
 public:
  virtual ~row_fold() = default;
  /// Applies an event that the same kernel decoded. May throw what domain code throws; the fold
  /// must then be dropped.
  virtual void apply(const decoded_event& event) = 0;
  /// The row as it is now; nothing if it does not exist.
  [[nodiscard]] virtual std::optional<json> row() const = 0;
};

/// A projector behind a type-erased interface. Immutable and thread-safe.
class projector_kernel {
 public:
  virtual ~projector_kernel() = default;
  [[nodiscard]] virtual const std::string& name() const = 0;
  [[nodiscard]] virtual const std::string& category() const = 0;
  [[nodiscard]] virtual const view_table& table() const = 0;
  [[nodiscard]] virtual bool handles(std::string_view type) const = 0;
  /// A row in its initial state, which shows the columns and the types of most.
  [[nodiscard]] virtual json blank_row() const = 0;
  /// Decodes an event of a type that it handles, lifted to its present form. `corrupt` if the data
  /// does not decode, `unsupported` if a newer program wrote it. May throw what `key_of` throws.
  [[nodiscard]] virtual result<std::unique_ptr<decoded_event>> decode(
      const recorded_event& event) const = 0;
  /// Starts from a stored row, or from none (nullptr). `corrupt` if the row does not decode.
  [[nodiscard]] virtual result<std::unique_ptr<row_fold>> fold(const json* stored) const = 0;
};

namespace detail {

/// The time an event's command was received, from its metadata; the epoch if it is absent or
/// malformed.
timestamp event_time(const json& metadata);

template <projector P>
class typed_projector final : public projector_kernel {
  using row_type = typename P::row;
  using event_type = typename P::event;

  template <class Variant>
  struct recorded_of;
  template <class... Es>
  struct recorded_of<std::variant<Es...>> {
    using type = std::variant<recorded<Es>...>;
  };
  using recorded_variant = typename recorded_of<event_type>::type;

  struct typed_event final : decoded_event {
    typed_event(std::string row_key, recorded_variant event)
        : decoded_event(std::move(row_key)), value(std::move(event)) {}
    recorded_variant value;
  };

  class typed_fold final : public row_fold {
   public:
    explicit typed_fold(std::optional<row_type> row) : row_(std::move(row)) {}

    void apply(const decoded_event& event) override {
      std::visit(
          [this](const auto& one) {
            row_ = std::optional<row_type>(P::project(row_ ? std::move(*row_) : row_type{}, one));
          },
          static_cast<const typed_event&>(event).value);
    }

    [[nodiscard]] std::optional<json> row() const override {
      if (!row_) return std::nullopt;
      return json(*row_);
    }

   private:
    std::optional<row_type> row_;
  };

 public:
  [[nodiscard]] const std::string& name() const override { return table_.name; }
  [[nodiscard]] const std::string& category() const override { return category_; }
  [[nodiscard]] const view_table& table() const override { return table_; }

  [[nodiscard]] json blank_row() const override { return json(row_type{}); }

  [[nodiscard]] bool handles(std::string_view type) const override {
    return alternatives<event_type>::with_stored(type, []<class E>() {});
  }

  [[nodiscard]] result<std::unique_ptr<decoded_event>> decode(
      const recorded_event& event) const override {
    result<std::unique_ptr<decoded_event>> answer =
        error{errc::corrupt,
              "projector '" + table_.name + "' does not handle '" + event.event.type + "'"};
    alternatives<event_type>::with_stored(event.event.type, [&]<class E>() {
      auto data = decode_event<E>(event.event);
      if (!data) {
        answer = std::move(data).error();
        return;
      }
      recorded<E> one{std::move(*data),
                      event.stream,
                      event.version,
                      event.position,
                      event.event.id,
                      event.event.metadata,
                      event_time(event.event.metadata)};
      std::string key = P::key_of(std::as_const(one));
      answer = std::unique_ptr<decoded_event>(
          std::make_unique<typed_event>(std::move(key), recorded_variant(std::move(one))));
    });
    return answer;
  }

  [[nodiscard]] result<std::unique_ptr<row_fold>> fold(const json* stored) const override {
    try {
      std::optional<row_type> row;
      if (stored != nullptr) row = stored->get<row_type>();
      return std::unique_ptr<row_fold>(std::make_unique<typed_fold>(std::move(row)));
    } catch (const std::exception& problem) {
      return error{errc::corrupt, "row of view '" + table_.name + "': " + problem.what()};
    }
  }

 private:
  std::string category_{P::category};
  view_table table_{std::string(P::view), std::string(P::key)};
};

}  // namespace detail
}  // namespace troupe
