#include "runtime/core/fingerprint.hpp"

#include <boost/test/unit_test.hpp>

#include <set>
#include <string>
#include <vector>

namespace troupe {
namespace {

const std::string schema =
    R"({"x-commands":["Add"],"definitions":{"Add":{"type":"object"},)"
    R"("Added":{"description":"text","properties":{"description":{"type":"string"}}}}})";

state_form a_form() {
  return {{{"name", ""}, {"size", 0}, {"inner", {{"open", true}}}},
          json::array({{"Added", 1}}),
          schema,
          1};
}

BOOST_AUTO_TEST_SUITE(fingerprints)

BOOST_AUTO_TEST_CASE(values_and_comments_and_commands_do_not_matter) {
  const auto expected = fingerprint_of(a_form());
  auto other = a_form();
  other.initial_state = {{"name", "Zoë"}, {"size", 7U}, {"inner", {{"open", false}}}};
  BOOST_TEST(fingerprint_of(other) == expected);
  auto text = schema;
  text.replace(text.find("\"text\""), 6, "\"else\"");
  other.json_schema = text;
  BOOST_TEST(fingerprint_of(other) == expected);
  auto commands = schema;
  commands.replace(commands.find(R"({"type":"object"})"), 17, R"({"type":"string"})");
  other.json_schema = commands;
  BOOST_TEST(fingerprint_of(other) == expected);
}

BOOST_AUTO_TEST_CASE(every_change_of_shape_or_meaning_does) {
  std::vector<state_form> changed(9, a_form());
  changed[0].initial_state["more"] = "";
  changed[1].initial_state.erase("size");
  changed[2].initial_state["size"] = "";
  changed[3].initial_state["size"] = 0.5;
  changed[4].initial_state["inner"]["open"] = nullptr;
  changed[5].events = json::array({{"Added", 2}});
  auto property = schema;
  property.replace(property.find(R"({"type":"string"})"), 17, R"({"type":"number"})");
  changed[6].json_schema = property;
  changed[7].snapshot_version = 2;
  changed[8].initial_state = json::array();
  std::set<std::string> all{fingerprint_of(a_form())};
  for (const auto& one : changed) BOOST_TEST(all.insert(fingerprint_of(one)).second);
}

BOOST_AUTO_TEST_CASE(a_schema_that_is_no_json_counts_as_it_is) {
  auto form = a_form();
  form.json_schema = "no json";
  auto other = a_form();
  other.json_schema = "no jso";
  BOOST_TEST(fingerprint_of(form) != fingerprint_of(other));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
