#include "runtime/node/settings.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>

#include "runtime/node/limits.hpp"
#include "runtime/testkit/fuzzing.hpp"

/// The text as a configuration file: either it gives settings within their bounds, or one line that
/// says what is wrong.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using troupe::testkit::require;
  static const std::string path = "fuzz-settings-" + std::to_string(::getpid()) + ".toml";
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      << troupe::testkit::text_of(data, std::min<std::size_t>(size, 4096));
  const auto nothing = [](const std::string&) { return std::optional<std::string>(); };
  const auto parsed = troupe::parse_settings({"run", "--config", path}, nothing, "1");
  std::remove(path.c_str());
  if (const auto* print = std::get_if<troupe::print_and_exit>(&parsed)) {
    require(!print->text.empty(), "a refusal says why");
    if (print->status == 0) return 0;  // Asked for help.
    require(print->status == 2, "a wrong setting ends with 2");
    require(print->text.find('\n') == print->text.size() - 1, "and with one line");
    return 0;
  }
  const auto& options = std::get<troupe::run_command>(parsed).options;
  for (const auto& one : troupe::all_limits()) {
    const auto value = options.*one.value;
    require(value >= one.least && value <= one.most, "limits are within their bounds");
  }
  require(options.to_json().at("limits").size() == troupe::all_limits().size(), "all are shown");
  return 0;
}
