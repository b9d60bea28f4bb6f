#include "runtime/node/cli/completion.hpp"

#include <boost/test/unit_test.hpp>

#include <CLI/CLI.hpp>

namespace troupe {
namespace {

BOOST_AUTO_TEST_SUITE(shell_completion)

BOOST_AUTO_TEST_CASE(commands_flags_and_values_come_from_the_parser) {
  std::string level;
  std::string file;
  std::string name;
  bool json = false;
  CLI::App app("Test", "troupe");
  auto* run = app.add_subcommand("run", "Run a node");
  run->add_option("--log-level", level, "Level")->check(CLI::IsMember({"info", "warn"}));
  run->add_option("--ca", file, "File")->check(CLI::ExistingFile);
  auto* inner = app.add_subcommand("projection", "Views")->add_subcommand("pause", "Pause one");
  inner->add_option("NAME", name, "Which")->required()->check(CLI::IsMember({"users"}));
  inner->add_flag("--json", json, "JSON");

  const auto program = completed_commands(app);
  BOOST_TEST(program.words == "troupe");
  BOOST_REQUIRE(program.commands.size() == 2U);
  const auto& flags = program.commands[0].flags;
  BOOST_REQUIRE(flags.size() == 3U);  // --help too
  BOOST_TEST(flags[1].name == "--log-level");
  BOOST_TEST((flags[1].choices == std::vector<std::string>{"info", "warn"}));
  BOOST_TEST(flags[2].file);
  const auto& pause = program.commands[1].commands.at(0);
  BOOST_TEST(pause.words == "troupe projection pause");
  BOOST_TEST((pause.choices == std::vector<std::string>{"users"}));
  BOOST_TEST(!pause.flags.at(1).takes_value);
}

BOOST_AUTO_TEST_CASE(help_text_cannot_end_a_script_s_quotes) {
  completed_command program{"troupe", "troupe", "", {}, {}, {}};
  program.commands.push_back({"troupe run", "run", "It's $(rm) `x` \"y\"", {}, {}, {}});
  BOOST_TEST(completion_script(program, "zsh").find("'run:It'\\''s $(rm) `x` \"y\"'") !=
             std::string::npos);
  BOOST_TEST(completion_script(program, "fish").find("-d 'It\\'s $(rm) `x` \"y\"'") !=
             std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
