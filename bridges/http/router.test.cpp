#include "bridges/http/router.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe::http;

namespace {

struct routed {
  explicit routed(std::vector<std::pair<std::string, std::string>> patterns) {
    for (auto& [method, pattern] : patterns)
      routes.add(method, pattern, [](const request&) { return reply(); });
  }
  std::string to(std::string_view method, std::string_view path) {
    const auto match = routes.find(method, parse_target(path)->segments);
    if (match.found == nullptr) return match.allowed.empty() ? "none" : "allow " + match.allowed;
    std::string text = match.found->pattern;
    for (const auto& [name, value] : match.parameters) text += ' ' + name + '=' + value;
    return text;
  }
  router routes;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(routing)

BOOST_AUTO_TEST_CASE(a_literal_wins_over_a_parameter_whatever_the_order) {
  routed on({{"GET", "/a/{x}"}, {"GET", "/a/b"}, {"GET", "/{y}/b"}});
  BOOST_TEST(on.to("GET", "/a/b") == "/a/b");
  BOOST_TEST(on.to("GET", "/a/c") == "/a/{x} x=c");
  BOOST_TEST(on.to("GET", "/c/b") == "/{y}/b y=c");
  BOOST_TEST(on.to("GET", "/c/c") == "none");
}

BOOST_AUTO_TEST_CASE(a_parameter_in_upper_case_matches_upper_case_only) {
  routed on({{"POST", "/{c}/{Command}"}, {"POST", "/{c}/{id}"}});
  BOOST_TEST(on.to("POST", "/a/Add") == "/{c}/{Command} c=a Command=Add");
  BOOST_TEST(on.to("POST", "/a/add") == "/{c}/{id} c=a id=add");
}

BOOST_AUTO_TEST_CASE(a_rest_takes_one_or_more_segments_and_leaves_what_follows) {
  routed on({{"GET", "/actors/{path...}"}, {"POST", "/actors/{path...}/restart"}});
  BOOST_TEST(on.to("GET", "/actors/a/b%2Fc") == "/actors/{path...} path=a/b/c");
  BOOST_TEST(on.to("POST", "/actors/a/restart/restart") ==
             "/actors/{path...}/restart path=a/restart");
  BOOST_TEST(on.to("POST", "/actors/restart") == "allow GET, HEAD");
  BOOST_TEST(on.to("GET", "/actors") == "none");
  BOOST_TEST(on.to("GET", "/actors/") == "none");
}

BOOST_AUTO_TEST_CASE(what_a_path_answers_to_is_known) {
  routed on({{"GET", "/a"}, {"POST", "/a"}, {"GET", "/"}});
  BOOST_TEST(on.to("HEAD", "/a") == "/a");
  BOOST_TEST(on.to("PUT", "/a") == "allow GET, HEAD, POST");
  BOOST_TEST(on.to("GET", "/") == "/");
  BOOST_TEST(on.to("GET", "//") == "none");
  BOOST_TEST(on.to("GET", "/a/") == "none");
}

BOOST_AUTO_TEST_SUITE_END()
