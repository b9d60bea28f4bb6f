#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "runtime/core/result.hpp"

namespace CLI {
class App;
}

namespace troupe {

/// What people ask of a running node. One struct for all of these commands; each has its own few
/// members.
struct operator_command {
  std::string name;  ///< The words that choose it: "inspect actors".

  std::string http;                   ///< Address or URL of the node, for applications.
  std::string admin;                  ///< Address or URL of its admin endpoint.
  std::filesystem::path token;        ///< File with the bearer token for `http`; "" for none.
  std::filesystem::path admin_token;  ///< The same for `admin`.
  bool json = false;

  std::string target;  ///< CATEGORY[/ID], PATH, NAME or ID.
  std::string type;    ///< Of a command for an entity.
  std::string data;    ///< Of a command for an entity, as JSON; "-" for standard input.
  std::string command_id;
  std::optional<std::uint64_t> if_version;
  std::string as;  ///< The caller's `sub`, where a node believes it.

  std::string kind;
  std::string path;
  std::optional<std::uint64_t> version;
  std::uint64_t from = 1;
  std::uint64_t limit = 100;

  bool wait = false;
  bool once = false;
};

/// The part of the command line that is about running nodes.
class operator_commands {
 public:
  using environment = std::function<std::optional<std::string>(const std::string& name)>;

  /// Adds the commands to the parser, which also makes the help and the shells' completion from
  /// them; it must not outlive this. TROUPE_ADMIN, TROUPE_HTTP, TROUPE_ADMIN_TOKEN and TROUPE_TOKEN
  /// hold where flags say nothing.
  operator_commands(CLI::App& app, const environment& env);

  /// The command that was parsed; nothing if it was another one.
  [[nodiscard]] std::optional<operator_command> parsed() const;

 private:
  CLI::App& app_;
  operator_command command_;
};

}  // namespace troupe
