#include "runtime/core/view_cursor.hpp"

#include <rapidcheck.h>
#include <boost/test/unit_test.hpp>

#include <limits>
#include <string>

namespace troupe {
namespace {

const view_table users{"users", "id"};

BOOST_AUTO_TEST_SUITE(view_cursors)

BOOST_AUTO_TEST_CASE(a_cursor_comes_back_as_it_was_made_and_fits_a_url) {
  const bool held = rc::check([](const std::string& raw, int number) {
    std::string key;
    for (const char c : raw)
      key += static_cast<char>((c & 0x7f) | 0x01);  // No NUL: parse_json refuses it.
    view_query query{{{"a", number}}, "b", false, 10, ""};
    query.after = encode_cursor(users, query, {number, key});
    RC_ASSERT(query.after.find_first_of("+/=&?%# ") == std::string::npos);
    const auto cursor = decode_cursor(users, query);
    RC_ASSERT(cursor.has_value());
    RC_ASSERT(cursor->key == key);
    RC_ASSERT(cursor->order == json(number));
  });
  BOOST_TEST(held);
}

BOOST_AUTO_TEST_CASE(a_cursor_fits_no_other_table_filter_or_order) {
  const view_query query{{{"a", 1}, {"b", "x"}}, "c", false, 10, ""};
  const auto token = encode_cursor(users, query, {"z", "k"});
  const auto refused = [&](view_query other, const view_table& table = users) {
    other.after = token;
    const auto cursor = decode_cursor(table, other);
    return !cursor && cursor.error().code == errc::invalid;
  };
  BOOST_TEST(!refused(query));
  BOOST_TEST(!refused({{{"b", "x"}, {"a", 1}}, "c", false, 500, ""}),
             "order of filters and limit are free");
  BOOST_TEST(refused(query, {"accounts", "id"}));
  BOOST_TEST(refused({{{"a", 2}, {"b", "x"}}, "c", false, 10, ""}));
  BOOST_TEST(refused({{{"a", 1}}, "c", false, 10, ""}));
  BOOST_TEST(refused({{{"a", 1}, {"b", "x"}}, "d", false, 10, ""}));
  BOOST_TEST(refused({{{"a", 1}, {"b", "x"}}, "c", true, 10, ""}));
}

BOOST_AUTO_TEST_CASE(text_that_is_no_cursor_is_refused) {
  for (const std::string text :
       {"x", "????", "bm9uc2Vuc2U", "WzEsMl0", "e30", "\xff\xfe", "W1tbW1tbW1tb"}) {
    view_query query;
    query.after = text;
    BOOST_TEST(!decode_cursor(users, query).has_value(), text);
  }
}

BOOST_AUTO_TEST_CASE(a_limit_is_from_1_to_1000) {
  view_query query;
  for (const std::size_t good : {1U, 100U, 1000U})
    BOOST_TEST((query.limit = good, check_query(query).has_value()));
  for (const std::size_t bad : {0U, 1001U})
    BOOST_TEST((query.limit = bad, !check_query(query).has_value()));
}

BOOST_AUTO_TEST_CASE(a_row_is_an_object_with_a_key_and_values_that_every_database_can_hold) {
  BOOST_TEST(check_row(users, {{"id", "7"}, {"n", -1}, {"t", {{"deep", {1, "Zoë"}}}}}).has_value());
  const std::string nul("a\0b", 3);
  const auto too_big = std::numeric_limits<std::uint64_t>::max();
  for (const json& bad :
       {json::array(), json{{"name", "x"}}, json{{"id", 7}}, json{{"id", nul}},
        json{{"id", "7"}, {"n", nul}}, json{{"id", "7"}, {"t", {{"deep", {1, nul}}}}},
        json{{"id", "7"}, {"t", {{nul, 1}}}}, json{{"id", "7"}, {"n", too_big}},
        json{{"id", "7"}, {"n", std::numeric_limits<double>::infinity()}}}) {
    const auto checked = check_row(users, bad);
    BOOST_TEST_REQUIRE(!checked.has_value(), bad.dump());
    BOOST_TEST((checked.error().code == errc::invalid));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
