#include "runtime/core/database_url.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe {
namespace {

database_url parsed(const std::string& text) {
  auto url = parse_database_url(text);
  BOOST_TEST_REQUIRE(url.has_value(), text);
  return *url;
}

BOOST_AUTO_TEST_SUITE(database_urls)

BOOST_AUTO_TEST_CASE(a_url_is_taken_apart_and_put_together_again) {
  const auto url =
      parsed("Postgres://zo%C3%AB:s%40crt@one:5432,two/views?sslmode=require&a%20b=%3D");
  BOOST_TEST(url.scheme == "postgres");
  BOOST_TEST(url.authority == "zo%C3%AB:s%40crt@one:5432,two");
  BOOST_TEST(url.path == "/views");
  BOOST_TEST(url.parameter("sslmode").value() == "require");
  BOOST_TEST(url.parameter("a b").value() == "=");
  BOOST_TEST(!url.parameter("a").has_value());
  BOOST_TEST(url.text() ==
             "postgres://zo%C3%AB:s%40crt@one:5432,two/views?sslmode=require&a%20b=%3D");
  BOOST_TEST(url.with("x", "y/z").text().ends_with("&x=y%2Fz"));
  BOOST_TEST(parsed("sqlite://some/file.db").authority == "some");
  BOOST_TEST(parsed("sqlite:///some/file.db").path == "/some/file.db");
  BOOST_TEST(parsed("postgresql:///views?host=%2Ftmp").parameter("host").value() == "/tmp");
}

BOOST_AUTO_TEST_CASE(passwords_are_hidden) {
  for (const auto* text :
       {"postgres://u:hidden@h/d", "postgres://u:hid@den@h/d", "postgres://u:hid:den@h:5432/d",
        "postgres://u@h/d?password=hidden", "postgres://u@h/d?sslpassword=hidden&x=y"}) {
    const auto shown = parsed(text).without_password();
    BOOST_TEST(shown.find("hid") == std::string::npos, shown);
    BOOST_TEST(shown.find("den") == std::string::npos, shown);
    BOOST_TEST(shown.find("u") != std::string::npos, shown);
  }
  BOOST_TEST(parsed("postgres://u@h:5432/d?a=b").without_password() == "postgres://u@h:5432/d?a=b");
  BOOST_TEST(parsed("postgres://h:5432/d").without_password() == "postgres://h:5432/d");
}

BOOST_AUTO_TEST_CASE(what_is_no_url_is_refused_without_repeating_it) {
  for (const auto* text : {"", "secret", "://secret", "po stgres://secret", "postgres://secret%2",
                           "postgres://h/d?secret", "postgres://h/d?=secret",
                           "postgres://h/d?a=secret%zz", "postgres://h/secret%00"}) {
    const auto url = parse_database_url(text);
    BOOST_TEST_REQUIRE(!url.has_value(), text);
    BOOST_TEST((url.error().code == errc::invalid));
    BOOST_TEST(url.error().message.find("secret") == std::string::npos, url.error().message);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
