#include "runtime/node/cli/completion.hpp"

#include <algorithm>
#include <functional>
#include <sstream>

#include <CLI/CLI.hpp>

namespace troupe {
namespace {

/// The values between the braces of a type like "TEXT:{bash,fish,zsh}".
std::vector<std::string> choices_of(const std::string& type) {
  std::vector<std::string> found;
  const auto open = type.find('{');
  const auto close = type.find('}', open);
  if (open == std::string::npos || close == std::string::npos) return found;
  std::istringstream list(type.substr(open + 1, close - open - 1));
  for (std::string one; std::getline(list, one, ',');) found.push_back(one);
  return found;
}

void add_flags(const CLI::App& app, completed_command& into) {
  for (const auto* option : app.get_options()) {
    const auto type = option->get_type_name();
    if (option->get_positional()) {
      if (into.choices.empty()) into.choices = choices_of(type);
      continue;
    }
    completed_command::flag made;
    made.name = option->get_name();
    made.what = option->get_description();
    made.takes_value = option->get_items_expected_max() > 0;
    made.file = type.find("FILE") != std::string::npos || type.find("DIR") != std::string::npos;
    made.choices = choices_of(type);
    into.flags.push_back(std::move(made));
  }
}

completed_command described(const CLI::App& app, const std::string& before) {
  completed_command made;
  made.name = app.get_name();
  made.words = before.empty() ? made.name : before + ' ' + made.name;
  made.what = app.get_description();
  add_flags(app, made);
  for (const auto* one : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (one->get_name().empty()) {
      add_flags(*one, made);  // To the library, a group of options is a nameless subcommand.
    } else {
      made.commands.push_back(described(*one, made.words));
    }
  }
  return made;
}

void each(const completed_command& command,
          const std::function<void(const completed_command&)>& visit) {
  visit(command);
  for (const auto& one : command.commands) each(one, visit);
}

/// Between single quotes, as bash and zsh read them.
std::string quoted(const std::string& text) {
  std::string made = "'";
  for (const char c : text) made += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return made + '\'';
}

/// The same for fish, where a backslash escapes.
std::string fish_quoted(const std::string& text) {
  std::string made = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') made += '\\';
    made += c;
  }
  return made + '\'';
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& one : words) text += (text.empty() ? "" : " ") + one;
  return text;
}

/// Help ends at the first sentence: a line of a menu has no room for more.
std::string short_text(const std::string& text) {
  auto line = text.substr(0, std::min({text.find(". "), text.find("; "), text.find(": ")}));
  std::ranges::replace(line, '\n', ' ');
  return line;
}

/// The pattern of a `case` that finds all commands below the program: how far the line has come.
std::string known_words(const completed_command& program, const std::string& separator,
                        const std::function<std::string(const std::string&)>& quote) {
  std::string text;
  each(program, [&](const completed_command& one) {
    if (one.words != program.words) text += (text.empty() ? "" : separator) + quote(one.words);
  });
  return text;
}

/// What may follow a command: its commands, or its flags and the values of its argument.
std::vector<std::string> words_after(const completed_command& command) {
  std::vector<std::string> words;
  for (const auto& one : command.commands) words.push_back(one.name);
  for (const auto& one : command.choices) words.push_back(one);
  for (const auto& one : command.flags) words.push_back(one.name);
  return words;
}

std::string bash(const completed_command& program) {
  std::string values;
  std::string words;
  each(program, [&](const completed_command& command) {
    for (const auto& flag : command.flags) {
      if (!flag.takes_value) continue;
      values += "    " + quoted(command.words + ' ' + flag.name) + ") ";
      if (flag.file) {
        values += "mapfile -t COMPREPLY < <(compgen -f -- \"$word\"); compopt -o filenames;";
      } else if (!flag.choices.empty()) {
        values += "mapfile -t COMPREPLY < <(compgen -W " + quoted(joined(flag.choices)) +
                  " -- \"$word\");";
      }
      values += " return ;;\n";
    }
    words += "    " + quoted(command.words) + ") words=" + quoted(joined(words_after(command))) +
             " ;;\n";
  });
  return "# Completion of troupe for bash: source <(troupe completion bash)\n"
         "_troupe() {\n"
         "  local word=${COMP_WORDS[COMP_CWORD]} at=troupe words= i\n"
         "  COMPREPLY=()\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    case \"$at ${COMP_WORDS[i]}\" in\n"
         "    " +
         known_words(program, " | \\\n    ", quoted) +
         ") at+=\" ${COMP_WORDS[i]}\" ;;\n"
         "    esac\n"
         "  done\n"
         "  case \"$at ${COMP_WORDS[COMP_CWORD - 1]}\" in\n" +
         values +
         "  esac\n"
         "  case $at in\n" +
         words +
         "  esac\n"
         "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
         "}\n"
         "complete -o default -F _troupe troupe\n";
}

std::string zsh(const completed_command& program) {
  std::string values;
  std::string words;
  // A colon ends the word of an entry.
  const auto entry = [](const std::string& word, const std::string& what) {
    std::string escaped;
    for (const char c : word) escaped += c == ':' ? std::string("\\:") : std::string(1, c);
    return ' ' + quoted(escaped + ':' + short_text(what));
  };
  each(program, [&](const completed_command& command) {
    for (const auto& flag : command.flags) {
      if (!flag.takes_value) continue;
      values += "    " + quoted(command.words + ' ' + flag.name) + ") ";
      if (flag.file) {
        values += "_files;";
      } else if (!flag.choices.empty()) {
        values += "compadd -- " + joined(flag.choices) + ';';
      }
      values += " return ;;\n";
    }
    words += "    " + quoted(command.words) + ") found=(";
    for (const auto& one : command.commands) words += entry(one.name, one.what);
    for (const auto& one : command.choices) words += entry(one, "");
    for (const auto& one : command.flags) words += entry(one.name, one.what);
    words += " ) ;;\n";
  });
  return "#compdef troupe\n"
         "# Completion of troupe for zsh: source <(troupe completion zsh)\n"
         "_troupe() {\n"
         "  local at=troupe i\n"
         "  local -a found\n"
         "  for ((i = 2; i < CURRENT; i++)); do\n"
         "    case \"$at ${words[i]}\" in\n"
         "    (" +
         known_words(program, " | \\\n    ", quoted) +
         ") at+=\" ${words[i]}\" ;;\n"
         "    esac\n"
         "  done\n"
         "  case \"$at ${words[CURRENT - 1]}\" in\n" +
         values +
         "  esac\n"
         "  case $at in\n" +
         words +
         "  esac\n"
         "  _describe troupe found || _files\n"
         "}\n"
         "compdef _troupe troupe\n";
}

std::string fish(const completed_command& program) {
  std::string lines;
  each(program, [&](const completed_command& command) {
    const auto here =
        "complete -c troupe -n \"test (__troupe_at) = " + fish_quoted(command.words) + '"';
    for (const auto& one : command.commands)
      lines += here + " -f -a " + one.name + " -d " + fish_quoted(short_text(one.what)) + '\n';
    if (!command.choices.empty())
      lines += here + " -f -a " + fish_quoted(joined(command.choices)) + '\n';
    for (const auto& flag : command.flags) {
      auto name = flag.name;
      name.erase(0, name.find_first_not_of('-'));
      lines += here + (name.size() == 1 ? " -s " : " -l ") + name;
      if (flag.takes_value) lines += flag.file ? " -r -F" : " -x";
      if (!flag.choices.empty()) lines += " -a " + fish_quoted(joined(flag.choices));
      lines += " -d " + fish_quoted(short_text(flag.what)) + '\n';
    }
  });
  return "# Completion of troupe for fish: troupe completion fish | source\n"
         "function __troupe_at\n"
         "  set -l at troupe\n"
         "  for word in (commandline -opc)[2..-1]\n"
         "    switch \"$at $word\"\n"
         "      case " +
         known_words(program, " ", fish_quoted) +
         "\n"
         "        set at \"$at $word\"\n"
         "    end\n"
         "  end\n"
         "  echo $at\n"
         "end\n" +
         lines;
}

}  // namespace

completed_command completed_commands(const CLI::App& app) { return described(app, ""); }

std::string completion_script(const completed_command& program, const std::string& shell) {
  if (shell == "zsh") return zsh(program);
  if (shell == "fish") return fish(program);
  return bash(program);
}

}  // namespace troupe
