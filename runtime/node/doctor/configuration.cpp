#include "runtime/node/doctor/configuration.hpp"

#include <algorithm>
#include <cctype>
#include <set>
#include <utility>

namespace troupe {
namespace {

/// "--http: 'x' is not …; see …" names its flag; "" when a message names none.
std::string flag_in(const std::string& message) {
  const auto begin = message.find("--");
  if (begin == std::string::npos) return "";
  const auto end = std::find_if(
      message.begin() + static_cast<std::ptrdiff_t>(begin) + 2, message.end(),
      [](char c) { return c != '-' && std::isalnum(static_cast<unsigned char>(c)) == 0; });
  return {message.begin() + static_cast<std::ptrdiff_t>(begin), end};
}

/// Takes a flag, with its value, out of a command line. Whether it was there.
bool take_out(const std::string& flag, std::vector<std::string>& arguments) {
  for (auto one = arguments.begin(); one != arguments.end(); ++one) {
    if (one->starts_with(flag + '=')) {
      arguments.erase(one);
      return true;
    }
    if (*one != flag) continue;
    const auto next = one + 1;
    const bool with_value = next != arguments.end() && !next->starts_with("--");
    arguments.erase(one, with_value ? next + 1 : next);
    return true;
  }
  return false;
}

/// One line without the program's name and where its help is.
std::string bare(std::string line) {
  if (line.starts_with("troupe: ")) line.erase(0, 8);
  return line.substr(0, line.rfind("; see 'troupe"));
}

}  // namespace

examined_settings examine_settings(const std::vector<std::string>& arguments,
                                   const environment& env, const std::string& version) {
  auto given = arguments;
  given.insert(given.begin(), "run");
  std::set<std::string> hidden;
  const environment rest = [&](const std::string& name) {
    return hidden.contains(name) ? std::nullopt : env(name);
  };
  examined_settings examined;
  for (;;) {
    auto parsed = parse_settings(given, rest, version);
    if (auto* run = std::get_if<run_command>(&parsed)) {
      examined.options = std::move(run->options);
      break;
    }
    const auto* refused = std::get_if<print_and_exit>(&parsed);
    const auto line =
        bare(refused == nullptr ? "the arguments are not those of a node" : refused->text);
    examined.found.push_back(
        ill("configuration", line, "mend the flag, its variable or the file that sets it"));
    // Without what is wrong, the next thing that is wrong shows.
    const auto flag = flag_in(line);
    const bool taken =
        !flag.empty() &&
        (take_out(flag, given) ||
         (env(variable_of(flag.substr(2))) && hidden.insert(variable_of(flag.substr(2))).second));
    // A file is left out as a whole.
    if (!taken && !take_out("--config", given)) {
      const auto nothing = [](const std::string&) { return std::optional<std::string>(); };
      const auto defaults = parse_settings({"run"}, nothing, version);
      examined.options = std::get<run_command>(defaults).options;
      break;
    }
  }
  if (examined.found.empty())
    examined.found.push_back(well("configuration", "every setting can be used"));
  return examined;
}

}  // namespace troupe
