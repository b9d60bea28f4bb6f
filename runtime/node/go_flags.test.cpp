#include "runtime/node/go_flags.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe {
namespace {

using texts = std::vector<std::string>;

result<go_flags> parse(const texts& arguments) {
  return go_flags::parse(arguments, {"path", "n"}, {"verbose"});
}

BOOST_AUTO_TEST_SUITE(go_flag_rules)

BOOST_AUTO_TEST_CASE(one_dash_or_two_and_either_way_of_giving_a_value) {
  const auto flags = parse({"-path", "a", "--n=7", "-verbose", "up", "-path", "3"});
  BOOST_TEST_REQUIRE(flags.has_value());
  BOOST_TEST(flags->value("path") == "a");
  BOOST_TEST(flags->value("n") == "7");
  BOOST_TEST(flags->value("other", "default") == "default");
  BOOST_TEST(flags->on("verbose"));
  BOOST_TEST((flags->rest == texts{"up", "-path", "3"}), "flags end at the first other argument");
}

BOOST_AUTO_TEST_CASE(switches_take_a_value_only_with_an_equals_sign) {
  BOOST_TEST(!parse({"-verbose=false"})->on("verbose"));
  BOOST_TEST(parse({"--verbose=1"})->on("verbose"));
  BOOST_TEST((parse({"-verbose", "false"})->rest == texts{"false"}));
  BOOST_TEST((parse({"-n", "1", "--", "-n"})->rest == texts{"-n"}));
  BOOST_TEST((parse({"-", "x"})->rest == texts{"-", "x"}));
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_named) {
  BOOST_TEST(parse({"-pat", "a"}).error().message == "flag provided but not defined: -pat");
  BOOST_TEST(parse({"-path"}).error().message == "flag needs an argument: -path");
  BOOST_TEST(parse({"-verbose=maybe"}).error().message.find("maybe") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
