#include "runtime/node/go_flags.hpp"

#include <algorithm>
#include <utility>

namespace troupe {
namespace {

bool among(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

bool go_flags::on(const std::string& name) const { return value(name) == "true"; }

std::string go_flags::value(const std::string& name, const std::string& otherwise) const {
  const auto found = values.find(name);
  return found == values.end() ? otherwise : found->second;
}

result<go_flags> go_flags::parse(const std::vector<std::string>& arguments,
                                 const std::vector<std::string>& with_value,
                                 const std::vector<std::string>& switches) {
  go_flags parsed;
  std::size_t i = 0;
  for (; i < arguments.size(); ++i) {
    const auto& argument = arguments[i];
    if (argument.size() < 2 || argument[0] != '-') break;
    if (argument == "--") {
      ++i;
      break;
    }
    auto name = argument.substr(argument[1] == '-' ? 2 : 1);
    const auto equals = name.find('=');
    const bool has_value = equals != std::string::npos;
    auto value = has_value ? name.substr(equals + 1) : std::string();
    name.resize(std::min(equals, name.size()));
    if (among(switches, name)) {
      if (!has_value || value == "1" || value == "t") value = "true";
      if (value == "0" || value == "f") value = "false";
      if (value != "true" && value != "false") {
        return error{errc::invalid, "invalid boolean value '" + value + "' for -" + name};
      }
    } else if (among(with_value, name)) {
      if (!has_value && i + 1 == arguments.size())
        return error{errc::invalid, "flag needs an argument: -" + name};
      if (!has_value) value = arguments[++i];
    } else {
      return error{errc::invalid, "flag provided but not defined: -" + name};
    }
    parsed.values[name] = std::move(value);
  }
  parsed.rest.assign(arguments.begin() + static_cast<std::ptrdiff_t>(i), arguments.end());
  return parsed;
}

}  // namespace troupe
