#include "runtime/core/json.hpp"

#include <rapidcheck.h>
#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace troupe {
namespace {

bool refused(std::string_view text, std::string_view part = "") {
  const auto parsed = parse_json(text);
  if (parsed) return false;
  BOOST_TEST((parsed.error().code == errc::invalid));
  BOOST_TEST(parsed.error().message.find(part) != std::string::npos, parsed.error().message);
  return true;
}

std::string nested(std::size_t levels) {
  return std::string(levels, '[') + std::string(levels, ']');
}

BOOST_AUTO_TEST_SUITE(parse_json_of_untrusted_text)

BOOST_AUTO_TEST_CASE(every_kind_of_value_is_read) {
  const auto parsed =
      parse_json(R"( {"n":null,"t":true,"i":-7,"u":18446744073709551615,"d":0.5,"s":"Zoë \u00eb",
                                     "a":[1,[2,{"x":[]}],{}],"o":{"a":{"b":1}}} )");
  BOOST_TEST_REQUIRE(parsed.has_value());
  BOOST_TEST(*parsed == json({{"n", nullptr},
                              {"t", true},
                              {"i", -7},
                              {"u", std::numeric_limits<std::uint64_t>::max()},
                              {"d", 0.5},
                              {"s", "Zoë ë"},
                              {"a", {1, {2, {{"x", json::array()}}}, json::object()}},
                              {"o", {{"a", {{"b", 1}}}}}}));
}

BOOST_AUTO_TEST_CASE(a_scalar_alone_is_a_document) {
  BOOST_TEST(parse_json("7").value() == json(7));
  BOOST_TEST(parse_json("\"\"").value() == json(""));
  BOOST_TEST(parse_json("null").value() == json(nullptr));
}

BOOST_AUTO_TEST_CASE(the_depth_limit_is_exact) {
  BOOST_TEST(parse_json(nested(64)).has_value());
  BOOST_TEST(refused(nested(65), "deeper than 64"));
  BOOST_TEST(parse_json("[{}]", {2}).has_value());
  BOOST_TEST(!parse_json("[{\"a\":[]}]", {2}).has_value());
  BOOST_TEST(parse_json("7", {0}).has_value());
  BOOST_TEST(!parse_json("[]", {0}).has_value());
}

BOOST_AUTO_TEST_CASE(depth_counts_what_is_open_not_what_was) {
  std::string wide = "[";
  for (int i = 0; i < 1000; ++i) wide += nested(63) + ',';
  wide += "0]";
  BOOST_TEST(parse_json(wide).has_value());
}

// The library alone parses this and then overflows the stack when the value is copied or written.
BOOST_AUTO_TEST_CASE(a_hundred_thousand_open_brackets_are_refused) {
  BOOST_TEST(refused(std::string(100'000, '['), "deeper"));
  BOOST_TEST(refused(nested(100'000), "deeper"));
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  BOOST_TEST(refused(objects, "deeper"));
}

BOOST_AUTO_TEST_CASE(a_member_that_appears_twice_is_refused_and_named) {
  BOOST_TEST(refused(R"({"a":1,"b":2,"a":1})", "'a' appears twice"));
  BOOST_TEST(refused(R"({"x":[{"a":1,"\u0061":2}]})", "'a' appears twice"));
  BOOST_TEST(refused(R"({"a":{},"a":null})", "twice"));
  BOOST_TEST(parse_json(R"({"a":{"a":1},"b":[{"a":1},{"a":2}]})").has_value());
}

BOOST_AUTO_TEST_CASE(what_is_not_utf_8_is_refused) {
  for (const char* text :
       {"\"\xff\"", "\"\xc3\"", "\"\xc0\xaf\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"",
        "\"\x80\"", R"("\ud800")", R"("\udc00")", "{\"\xff\":1}"}) {
    BOOST_TEST(refused(text), text);
  }
  BOOST_TEST(parse_json("\"\xf0\x90\x8d\x88\"").value() == json("𐍈"));
  BOOST_TEST(parse_json(R"("\ud800\udf48")").value() == json("𐍈"));
}

BOOST_AUTO_TEST_CASE(a_number_out_of_range_is_refused) {
  BOOST_TEST(refused("1e400"));
  BOOST_TEST(refused("-1e400"));
  BOOST_TEST(refused("[1e999999999]"));
  BOOST_TEST(parse_json("18446744073709551615").value() == json(18446744073709551615U));
  BOOST_TEST(parse_json("-9223372036854775808").value() == json(INT64_MIN));
  // Not silently taken for floating point, which would lose digits.
  BOOST_TEST(refused("18446744073709551616", "64 bits"));
  BOOST_TEST(refused("-9223372036854775809", "64 bits"));
  BOOST_TEST(parse_json("1e20").value() == json(1e20));
}

BOOST_AUTO_TEST_CASE(text_that_is_not_json_is_refused_with_its_place) {
  for (const char* text : {"",
                           " ",
                           "{",
                           "[",
                           "[1,]",
                           "{\"a\":1,}",
                           "{a:1}",
                           "'a'",
                           "01",
                           "+1",
                           ".5",
                           "1.",
                           "nul",
                           "NaN",
                           "Infinity",
                           "-",
                           "\"",
                           R"("\x")",
                           "\"\n\"",
                           "[1] 2",
                           "// c\n1",
                           "\357\273\277 x",
                           "\357\273\277{}"}) {
    BOOST_TEST(refused(text, "at byte"), text);
  }
  BOOST_TEST(refused("[1,x]", "at byte 4"));
}

BOOST_AUTO_TEST_CASE(a_nul_does_not_end_the_text) {
  BOOST_TEST(refused(std::string_view("1\0", 2), "at byte 2"));
  BOOST_TEST(refused(std::string_view("{}\0{\"a\":1}", 9), "at byte 3"));
  BOOST_TEST(refused(std::string_view("\"\0\"", 3), "at byte 2"));
}

// Databases and C libraries would cut the text there.
BOOST_AUTO_TEST_CASE(text_that_holds_an_escaped_nul_is_refused) {
  BOOST_TEST(refused(R"("a\u0000b")", "U+0000"));
  BOOST_TEST(refused(R"({"a\u0000b":1})", "U+0000"));
  BOOST_TEST(parse_json(R"("\\u0000")").value() == json("\\u0000"));
}

BOOST_AUTO_TEST_CASE(an_error_stays_short_however_long_the_text) {
  const std::string name(100'000, 'n');
  const auto parsed = parse_json("{\"" + name + "\":1,\"" + name + "\":2}");
  BOOST_TEST_REQUIRE(!parsed.has_value());
  BOOST_TEST(parsed.error().message.size() < 300U);
  for (const auto& text : {'"' + name, "[" + std::string(100'000, '9') + "e9]", name}) {
    const auto unread = parse_json(text);
    BOOST_TEST_REQUIRE(!unread.has_value());
    BOOST_TEST(unread.error().message.size() < 300U);
  }
}

rc::Gen<json> any_json(int depth) {
  const auto text =
      rc::gen::map(rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
                       "a", "ë", "\"", "\\", "\n", "龍", "\x7f", "𐍈")),
                   [](const std::vector<std::string>& parts) {
                     std::string all;
                     for (const auto& part : parts) all += part;
                     return all;
                   });
  auto leaf = rc::gen::oneOf(
      rc::gen::just(json(nullptr)), rc::gen::map<bool>([](bool value) { return json(value); }),
      rc::gen::map<std::int64_t>([](std::int64_t value) { return json(value); }),
      rc::gen::map<std::uint64_t>([](std::uint64_t value) { return json(value); }),
      rc::gen::map<std::int32_t>([](std::int32_t value) { return json(value / 8.0); }),
      rc::gen::map(text, [](const std::string& value) { return json(value); }));
  if (depth == 0) return leaf;
  const auto array = rc::gen::map(rc::gen::container<std::vector<json>>(any_json(depth - 1)),
                                  [](const std::vector<json>& items) { return json(items); });
  const auto object =
      rc::gen::map(rc::gen::container<std::map<std::string, json>>(text, any_json(depth - 1)),
                   [](const std::map<std::string, json>& members) { return json(members); });
  return rc::gen::oneOf(leaf, array, object);
}

BOOST_AUTO_TEST_CASE(whatever_is_written_is_read_back_the_same) {
  BOOST_TEST(rc::check([] {
    const auto value = *rc::gen::scale(0.3, any_json(3));
    const auto parsed = parse_json(value.dump());
    RC_ASSERT(parsed.has_value());
    RC_ASSERT(*parsed == value);
    RC_ASSERT(parsed->dump() == value.dump());
  }));
}

BOOST_AUTO_TEST_CASE(any_bytes_are_either_refused_or_a_value_that_can_be_written) {
  BOOST_TEST(rc::check([] {
    const auto bytes = *rc::gen::container<std::string>(
        rc::gen::oneOf(rc::gen::element('{', '}', '[', ']', '"', ':', ',', '1', 'e', '\\', 'u'),
                       rc::gen::arbitrary<char>()));
    const auto parsed = parse_json(bytes);
    if (parsed) static_cast<void>(parsed->dump());
  }));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
