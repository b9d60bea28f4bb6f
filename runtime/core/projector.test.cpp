#include "runtime/core/projector.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

namespace shelf {

// NOLINTBEGIN(readability-identifier-naming): messages keep their schema's names.
struct Stored {
  std::string book;
};
struct Lent {
  std::string to;
};
struct Burnt {
  bool wholly = true;
};
// NOLINTEND(readability-identifier-naming)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Stored, book)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Lent, to)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Burnt, wholly)
constexpr std::string_view message_type(const Stored*) { return "Stored"; }
constexpr std::string_view message_type(const Lent*) { return "Lent"; }
constexpr std::string_view message_type(const Burnt*) { return "Burnt"; }

/// A row tells all that a projector sees of an event; a book that burns wholly loses its row.
struct books {
  static constexpr std::string_view view = "books";
  static constexpr std::string_view key = "book";
  static constexpr std::string_view category = "shelves";
  using event = std::variant<Stored, Lent, Burnt>;
  struct row {
    std::string book;
    std::string place;
    std::string time;
    int lent = 0;
  };
  template <class E>
  static std::string key_of(const troupe::recorded<E>& event) {
    if (event.stream.id == "nowhere") throw std::domain_error("no such shelf");
    return event.stream.id;
  }
  static row project(row now, const troupe::recorded<Stored>& event) {
    now.book = event.data.book;
    now.place = event.stream.name() + '@' + std::to_string(event.version) + '@' +
                std::to_string(event.position) + '@' + event.event_id + '@' +
                event.metadata.value("userId", "");
    now.time = troupe::format_time(event.time);
    return now;
  }
  static row project(row now, const troupe::recorded<Lent>& event) {
    if (event.data.to.empty()) throw std::domain_error("lent to nobody");
    ++now.lent;
    return now;
  }
  static std::optional<row> project(row now, const troupe::recorded<Burnt>& event) {
    if (event.data.wholly) return std::nullopt;
    return now;
  }
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(books::row, book, place, time, lent)

}  // namespace shelf

namespace troupe {
namespace {

const detail::typed_projector<shelf::books> kernel;

recorded_event recorded_as(const std::string& type, json data, const std::string& id = "7") {
  return {{"e-1", type, {{"userId", "zoe"}, {"time", "2026-03-01T00:00:00.000Z"}}, std::move(data)},
          {"shelves", id},
          3,
          17};
}

const json stored_row{{"book", "Emma"}, {"place", "here"}, {"time", "then"}, {"lent", 2}};

struct a_fold {
  std::unique_ptr<row_fold> fold = std::move(kernel.fold(nullptr)).value();

  void apply(const std::string& type, json data) {
    const auto recorded = recorded_as(type, std::move(data));
    auto event = kernel.decode(recorded);
    BOOST_TEST_REQUIRE(event.has_value());
    fold->apply(**event);
  }
};

BOOST_AUTO_TEST_SUITE(projector_kernels)

BOOST_AUTO_TEST_CASE(a_kernel_names_its_view_table_category_and_types) {
  BOOST_TEST(kernel.name() == "books");
  BOOST_TEST(kernel.category() == "shelves");
  BOOST_TEST(kernel.table().name == "books");
  BOOST_TEST(kernel.table().key_column == "book");
  BOOST_TEST(kernel.handles("Stored"));
  BOOST_TEST(kernel.handles("Burnt"));
  BOOST_TEST(!kernel.handles("Sold"));
  BOOST_TEST(!kernel.handles("Store"));
  BOOST_TEST(!kernel.handles(""));
}

BOOST_AUTO_TEST_CASE(a_decoded_event_knows_its_row) {
  const auto event = kernel.decode(recorded_as("Stored", {{"book", "Emma"}}, "8"));
  BOOST_TEST_REQUIRE(event.has_value());
  BOOST_TEST((*event)->key() == "8");
}

BOOST_AUTO_TEST_CASE(data_that_does_not_decode_is_corrupt) {
  for (const json& data : {json(nullptr), json::object(), json({{"book", 7}})}) {
    const auto event = kernel.decode(recorded_as("Stored", data));
    BOOST_TEST_REQUIRE(!event.has_value(), data);
    BOOST_TEST((event.error().code == errc::corrupt));
    BOOST_TEST(event.error().message.starts_with("Stored: "));
  }
}

BOOST_AUTO_TEST_CASE(an_unknown_type_is_corrupt_not_applied) {
  const auto event = kernel.decode(recorded_as("Sold", json::object()));
  BOOST_TEST((event.error().code == errc::corrupt));
  BOOST_TEST(event.error().message.find("'Sold'") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_key_of_throws_comes_through) {
  BOOST_CHECK_THROW(
      static_cast<void>(kernel.decode(recorded_as("Stored", {{"book", "Emma"}}, "nowhere"))),
      std::domain_error);
}

BOOST_AUTO_TEST_CASE(a_stored_row_that_does_not_decode_is_corrupt) {
  for (const json& row : {json(nullptr), json::object(),
                          json({{"book", 7}, {"place", ""}, {"time", ""}, {"lent", 0}})}) {
    const auto fold = kernel.fold(&row);
    BOOST_TEST_REQUIRE(!fold.has_value(), row);
    BOOST_TEST((fold.error().code == errc::corrupt));
    BOOST_TEST(fold.error().message.find("'books'") != std::string::npos);
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(row_folds, a_fold)

BOOST_AUTO_TEST_CASE(no_row_exists_before_the_first_event) { BOOST_TEST(!fold->row().has_value()); }

BOOST_AUTO_TEST_CASE(a_projector_sees_the_events_place_cause_and_time) {
  apply("Stored", {{"book", "Emma"}});
  BOOST_TEST(fold->row().value() == json({{"book", "Emma"},
                                          {"place", "shelves.7@3@17@e-1@zoe"},
                                          {"time", "2026-03-01T00:00:00.000Z"},
                                          {"lent", 0}}));
}

BOOST_AUTO_TEST_CASE(a_stored_row_goes_on_where_it_was) {
  fold = std::move(kernel.fold(&stored_row)).value();
  BOOST_TEST(fold->row().value() == stored_row);
  apply("Lent", {{"to", "zoe"}});
  apply("Lent", {{"to", "max"}});
  BOOST_TEST(fold->row().value().at("lent") == 4);
}

BOOST_AUTO_TEST_CASE(a_removed_row_is_gone_and_the_next_event_begins_a_new_one) {
  fold = std::move(kernel.fold(&stored_row)).value();
  apply("Burnt", {{"wholly", false}});
  BOOST_TEST(fold->row().value() == stored_row);
  apply("Burnt", {{"wholly", true}});
  BOOST_TEST(!fold->row().has_value());
  apply("Lent", {{"to", "zoe"}});
  BOOST_TEST(fold->row().value() == json({{"book", ""}, {"place", ""}, {"time", ""}, {"lent", 1}}));
}

BOOST_AUTO_TEST_CASE(what_project_throws_comes_through) {
  BOOST_CHECK_THROW(apply("Lent", {{"to", ""}}), std::domain_error);
}

BOOST_AUTO_TEST_CASE(one_decoded_event_can_be_applied_to_several_folds) {
  const auto event = kernel.decode(recorded_as("Lent", {{"to", "zoe"}}));
  const auto other = std::move(kernel.fold(&stored_row)).value();
  fold->apply(**event);
  other->apply(**event);
  BOOST_TEST(fold->row().value().at("lent") == 1);
  BOOST_TEST(other->row().value().at("lent") == 3);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(an_event_without_a_readable_time_happened_at_the_epoch) {
  BOOST_TEST((detail::event_time({{"time", "2026-03-01T00:00:00.000Z"}}) ==
              parse_time("2026-03-01T00:00:00Z").value()));
  for (const json& metadata : {json::object(), json({{"time", 7}}), json({{"time", "yesterday"}}),
                               json({{"time", nullptr}})}) {
    BOOST_TEST((detail::event_time(metadata) == timestamp{}), metadata);
  }
}

}  // namespace
}  // namespace troupe
