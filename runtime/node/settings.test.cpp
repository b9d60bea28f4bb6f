#include "runtime/node/settings.hpp"

#include <boost/test/unit_test.hpp>

#include <cctype>
#include <set>

#include "runtime/node/limits.hpp"

namespace troupe {
namespace {

std::optional<std::string> nothing(const std::string&) { return std::nullopt; }

settings parsed(const std::vector<std::string>& arguments, const environment& env = nothing) {
  const auto outcome = parse_settings(arguments, env, "1");
  BOOST_REQUIRE(std::holds_alternative<run_command>(outcome));
  return std::get<run_command>(outcome).options;
}

print_and_exit refused(const std::vector<std::string>& arguments) {
  const auto outcome = parse_settings(arguments, nothing, "1");
  BOOST_REQUIRE(std::holds_alternative<print_and_exit>(outcome));
  return std::get<print_and_exit>(outcome);
}

BOOST_AUTO_TEST_CASE(an_unknown_command_is_refused_in_one_line) {
  const auto why = refused({"rum", "--http", "127.0.0.1:1"});
  BOOST_TEST(why.status == 2);
  BOOST_TEST(why.text.starts_with("troupe: "));
  BOOST_TEST(why.text.find("rum") != std::string::npos, why.text);
  BOOST_TEST(why.text.find('\n') == why.text.size() - 1);
}

BOOST_AUTO_TEST_CASE(an_error_line_quotes_no_password) {
  for (const auto* url :
       {"postgres://troupe:hush@db/views", "nats://hush@broker", "password=hush"}) {
    for (const std::vector<std::string>& wrong :
         {std::vector<std::string>{"run", "--postgress", url},
          {"run", "--drain", url},
          {"run", "--admin-tokn", "hush"},
          {"run", "--admin-token", "hush"},
          {"run", url},
          {url},
          {"run", std::string("--postgress=") + url}}) {
      const auto why = refused(wrong);
      BOOST_TEST(why.status == 2);
      BOOST_TEST(why.text.find("hush") == std::string::npos, why.text);
    }
  }
}

BOOST_AUTO_TEST_SUITE(limits)

BOOST_AUTO_TEST_CASE(every_limit_is_a_flag_with_a_variable_and_shows_in_the_configuration) {
  std::set<std::string> keys;
  for (const auto& one : all_limits()) {
    BOOST_TEST_CONTEXT(one.flag) {
      const auto usual = settings().*one.value;
      BOOST_TEST((usual >= one.least && usual <= one.most));
      const auto wanted = usual == one.least ? one.most : one.least;
      const auto flag = "--" + std::string(one.flag);
      const auto by_flag = parsed({"run", flag, std::to_string(wanted)});
      BOOST_TEST((by_flag.*one.value) == wanted);
      BOOST_TEST(by_flag.to_json().at("limits").at(one.key()) == wanted);
      const auto by_variable = parsed({"run"}, [&](const std::string& name) {
        auto variable = "TROUPE_" + std::string(one.flag);
        for (auto& c : variable) c = c == '-' ? '_' : static_cast<char>(std::toupper(c));
        return name == variable ? std::optional(std::to_string(wanted)) : std::nullopt;
      });
      BOOST_TEST((by_variable.*one.value) == wanted);
      keys.insert(one.key());
    }
  }
  BOOST_TEST(keys.size() == all_limits().size());
  BOOST_TEST(parsed({"run"}).to_json().at("limits").size() == keys.size());
}

BOOST_AUTO_TEST_CASE(a_limit_out_of_bounds_is_refused_in_one_line_that_names_it) {
  for (const auto& one : all_limits()) {
    for (const auto& value : {std::to_string(one.least - 1), std::to_string(one.most + 1),
                              std::string("many"), std::string("-1")}) {
      const auto flag = "--" + std::string(one.flag);
      const auto why = refused({"run", flag + "=" + value});
      BOOST_TEST(why.status == 2, flag << "=" << value);
      BOOST_TEST(why.text.find(flag) != std::string::npos, why.text);
      BOOST_TEST(why.text.find('\n') == why.text.size() - 1);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_help_lists_all_limits_under_a_heading_of_their_own) {
  const auto help = refused({"run", "--help"});
  BOOST_TEST(help.status == 0);
  const auto heading = help.text.find("\nLimits:\n");
  BOOST_REQUIRE(heading != std::string::npos);
  for (const auto& one : all_limits())
    BOOST_TEST(help.text.find("--" + std::string(one.flag) + " ", heading) != std::string::npos,
               one.flag);
}

BOOST_AUTO_TEST_CASE(a_limit_that_was_reached_is_counted_under_its_flag) {
  metric_registry metrics;
  limit_counter(metrics, "max-body");
  limit_counter(metrics, "max-page").increment();
  const auto text = metrics.expose();
  BOOST_TEST(text.find("troupe_limit_reached_total{limit=\"max-body\"} 0") != std::string::npos);
  BOOST_TEST(text.find("troupe_limit_reached_total{limit=\"max-page\"} 1") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
