#include "runtime/node/without_secrets.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe {

BOOST_AUTO_TEST_SUITE(secrets_in_a_line)

BOOST_AUTO_TEST_CASE(user_and_password_of_an_address_are_left_out) {
  BOOST_TEST(without_secrets("nats://troupe:hush@127.0.0.1:4222") == "nats://127.0.0.1:4222");
  BOOST_TEST(without_secrets("nats://hush@127.0.0.1") == "nats://127.0.0.1");
  BOOST_TEST(without_secrets("postgres://u:h@u/s=h'@db/x") == "postgres://db/x");
  BOOST_TEST(without_secrets("u:hush@db") == "db");
  BOOST_TEST(without_secrets("--postgress=u:hush@db") == "--postgress=db");
  BOOST_TEST(without_secrets("no argument 'u:hush@db'; see help") == "no argument 'db'; see help");
}

BOOST_AUTO_TEST_CASE(the_value_of_a_password_is_left_out) {
  BOOST_TEST(without_secrets("host=db password=hush port=1") == "host=db password= port=1");
  BOOST_TEST(without_secrets("postgres://db/x?password=hush&sslmode=disable") ==
             "postgres://db/x?password=&sslmode=disable");
  BOOST_TEST(without_secrets("password=hush") == "password=");
}

BOOST_AUTO_TEST_CASE(everything_else_of_a_line_stays) {
  for (const auto* line : {"", " ", "--drain: 9999 not in range 0 to 3600", "  two  blanks\n",
                           "nats://127.0.0.1:4222,nats://127.0.0.1:4223"})
    BOOST_TEST(without_secrets(line) == line);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe
