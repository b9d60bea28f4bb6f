#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace troupe {

/// A command as a shell completes it.
struct completed_command {
  struct flag {
    std::string name;  ///< With its dashes.
    std::string what;
    bool takes_value = false;
    bool file = false;                 ///< The value is the path of a file.
    std::vector<std::string> choices;  ///< The values that there are, if they can be listed.
  };

  std::string words;  ///< From the program on: "troupe inspect actors".
  std::string name;   ///< The last of them.
  std::string what;
  std::vector<flag> flags;
  std::vector<std::string> choices;  ///< For its first argument.
  std::vector<completed_command> commands;
};

/// What a parser understands: the same declarations that its help is made from.
completed_command completed_commands(const CLI::App& app);

/// A script for "bash", "zsh" or "fish" that completes commands, flags and their values.
std::string completion_script(const completed_command& program, const std::string& shell);

}  // namespace troupe
