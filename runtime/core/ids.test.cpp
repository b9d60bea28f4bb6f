#include "runtime/core/ids.hpp"

#include <rapidcheck.h>
#include <boost/test/unit_test.hpp>

#include <string>

namespace troupe {
namespace {

BOOST_AUTO_TEST_SUITE(ids)

BOOST_AUTO_TEST_CASE(a_category_is_a_lower_case_letter_and_up_to_63_more) {
  for (const auto& good :
       {std::string("identity"), std::string("a"), std::string("a1_-"), std::string(64, 'a')}) {
    BOOST_TEST(check_category(good).has_value(), good);
  }
  for (const auto& bad :
       {std::string(), std::string("Identity"), std::string("1a"), std::string("-a"),
        std::string("a.b"), std::string("a b"), std::string("a*"), std::string("a>"),
        std::string("ä"), std::string(65, 'a'), std::string("a\0b", 3), std::string("a\n")}) {
    const auto checked = check_category(bad);
    BOOST_TEST_REQUIRE(!checked.has_value(), bad);
    BOOST_TEST((checked.error().code == errc::invalid));
  }
}

BOOST_AUTO_TEST_CASE(an_entity_id_is_1_to_128_letters_digits_dashes_and_underscores) {
  for (const auto& good :
       {std::string("4711"), std::string("A-z_9"), std::string("Command"), std::string("commands"),
        std::string(128, 'a'), std::string("e85f54d1-d0d4-5a4e-9c17-df41643ac48c")}) {
    BOOST_TEST(check_entity_id(good).has_value(), good);
  }
  for (const auto& bad :
       {std::string(), std::string("command"), std::string("a.b"), std::string("a b"),
        std::string("*"), std::string(">"), std::string("a/b"), std::string("é"),
        std::string(129, 'a'), std::string("a\0", 2), std::string("a\r\n")}) {
    BOOST_TEST(!check_entity_id(bad).has_value(), bad);
  }
}

BOOST_AUTO_TEST_CASE(a_command_id_is_1_to_128_printable_characters_without_spaces) {
  for (const auto& good :
       {std::string("!"), std::string("~"), std::string("a:b/c.d"), std::string(128, 'x')}) {
    BOOST_TEST(check_command_id(good).has_value(), good);
  }
  for (const auto& bad :
       {std::string(), std::string(" "), std::string("a b"), std::string("\x7f"), std::string("é"),
        std::string(129, 'x'), std::string("a\n"), std::string(1, '\0')}) {
    BOOST_TEST(!check_command_id(bad).has_value(), bad);
  }
}

BOOST_AUTO_TEST_CASE(an_error_shows_neither_control_characters_nor_the_whole_of_a_long_text) {
  const auto message =
      check_entity_id("a\r\nSet-Cookie: 'x'\x1b[2J" + std::string(10'000, 'z')).error().message;
  BOOST_TEST(message.find('\r') == std::string::npos);
  BOOST_TEST(message.find('\n') == std::string::npos);
  BOOST_TEST(message.find('\x1b') == std::string::npos);
  BOOST_TEST(message.find("Set-Cookie: ?x?") != std::string::npos);
  BOOST_TEST(message.size() < 300U);
}

BOOST_AUTO_TEST_CASE(a_stream_name_is_category_dot_id) {
  const auto parsed = parse_stream_name("identity.4711");
  BOOST_TEST_REQUIRE(parsed.has_value());
  BOOST_TEST((*parsed == stream_id{"identity", "4711"}));
  BOOST_TEST(parsed->name() == "identity.4711");
  for (const char* bad :
       {"", ".", "identity", "identity.", ".4711", "identity.a.b", "identity.command", "Identity.1",
        "identity.command.4711", "identity.*"}) {
    BOOST_TEST(!parse_stream_name(bad).has_value(), bad);
  }
}

// Streams and events in every log are named by these values: they can never change. Computed by
// another implementation of RFC 9562, section 5.5.
BOOST_AUTO_TEST_CASE(derived_ids_are_the_same_for_ever) {
  BOOST_TEST(derive_id("identity", "auth0|5f7c8ec7c33c6c004bbafe82") ==
             "7e64e9bb-f342-583b-9d7f-e5d8628c30cf");
  BOOST_TEST(derive_id("identity", "auth0|zoe") == "e85f54d1-d0d4-5a4e-9c17-df41643ac48c");
  BOOST_TEST(derive_id("identity", "Zoë") == "9a22e38e-2ea5-5884-8db2-84a4aad625f4");
  BOOST_TEST(derive_id("identity", "") == "ae464a9c-0363-5efe-91f7-bd5bf768b178");
  BOOST_TEST(derive_id("", "") == "9a91bfc7-6ad7-5508-9625-1b6970ca3bbf");
}

BOOST_AUTO_TEST_CASE(scope_and_name_do_not_run_into_each_other) {
  BOOST_TEST(derive_id("a", "bc") == "538fee79-aa67-5955-ac70-84c112ec97da");
  BOOST_TEST(derive_id("ab", "c") == "22e6649d-c77c-5c03-a381-366e80e7dc18");
}

BOOST_AUTO_TEST_CASE(a_derived_id_is_always_an_entity_id) {
  BOOST_TEST(rc::check([](const std::string& scope, const std::string& name) {
    const auto id = derive_id(scope, name);
    RC_ASSERT(check_entity_id(id).has_value());
    RC_ASSERT(id == derive_id(scope, name));
    RC_ASSERT(id != derive_id(scope, name + 'x'));
  }));
}

// Published test vectors of FNV-1a; kept digests in logs depend on them.
BOOST_AUTO_TEST_CASE(digests_are_the_same_for_ever) {
  BOOST_TEST(digest_of("") == 0xcbf29ce484222325ULL);
  BOOST_TEST(digest_of("a") == 0xaf63dc4c8601ec8cULL);
  BOOST_TEST(digest_of("foobar") == 0x85944171f73967e8ULL);
  BOOST_TEST(digest_of("\xff") == (0xcbf29ce484222325ULL ^ 0xffULL) * 0x100000001b3ULL);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
